"""From a request to an answer and an audit entry."""
