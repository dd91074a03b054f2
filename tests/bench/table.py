"""Tables that people can read."""


def show(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        first, *rest = (str(cell) for cell in row)
        print("  ".join([first.ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(rest, widths[1:])]))
    print()


def goal(name, reached, floor, aim, less=False):
    """A row of a table of goals: what was reached, and whether that is below the floor or at the aim."""
    met = (lambda limit: reached <= limit) if less else (lambda limit: reached >= limit)
    word = "aim" if met(aim) else "floor" if met(floor) else "NOT MET"
    sign = "<=" if less else ">="
    return [name, f"{reached:,.3g}" if reached < 1000 else f"{reached:,.0f}", f"{sign} {floor:,g}", f"{sign} {aim:,g}", word]
