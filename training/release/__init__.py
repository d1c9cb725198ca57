"""What is in service: judged by a plan before it goes in, written down, and put back at need."""
