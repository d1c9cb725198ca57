"""What risks lead to: alarms, events found in time, net benefit, utility, doses and days."""
