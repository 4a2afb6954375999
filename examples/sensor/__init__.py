"""Machine vibration: a small classifier of three-axis accelerometer windows."""
