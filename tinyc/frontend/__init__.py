"""Front ends: what turns a trained model's file into the float graph."""
