"""placeholder"""
def print_table(folders): raise SystemExit("later")
