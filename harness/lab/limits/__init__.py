"""What this machine can do at all: measured in a worker, kept for each machine, handed to every case's bound."""
