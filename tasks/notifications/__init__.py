"""Notifications about failures, warnings and recoveries of flow runs."""
