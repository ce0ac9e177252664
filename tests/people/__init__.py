"""Who is who, and who is on duty?"""
