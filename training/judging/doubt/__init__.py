"""What an evaluation may be doubted by: intervals, abstention, competing events."""
