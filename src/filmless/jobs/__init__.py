"""What is done later: jobs of the queue, tried again until they are done or given up."""
