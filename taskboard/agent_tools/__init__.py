"""What an agent may do to a project, beneath its folder and nowhere else."""
