"""The answer to "are we well?": the last publish, runs, schedules, pools and services."""
