"""From cohorts of patients to a released bundle."""
