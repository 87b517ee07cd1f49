"""The demo of training runs: a program that trains, is killed, goes on, diverges, and is stopped from elsewhere."""
