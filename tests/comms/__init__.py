"""What do we tell whom, and how?"""
