"""What needs no target: cutting a network, making variants, retraining and profiling them."""
