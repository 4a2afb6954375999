"""Post-training quantization: observe a float graph on real inputs, then rewrite it in integers."""
