#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""RFC 9438 in floating point, for the numbers of test_tcp_cubic.c.

Each row: the window at a loss, the W_max of the loss before, the round trip in
ms, and the window after so many seconds. Packets are acknowledged one by one,
evenly over the round trip.
"""
C, BETA = 0.4, 0.7
ALPHA = 3 * (1 - BETA) / (1 + BETA)


def curve(prior, last_max, rtt, seconds):
    """The window SECONDS after a loss at PRIOR packets."""
    w_max = prior * (1 + BETA) / 2 if prior < last_max else prior
    cwnd = max(int(prior * BETA), 2)
    k = ((w_max - cwnd) / C) ** (1 / 3)
    w_est, credit, t = float(cwnd), 0.0, 0.0
    while t < seconds:
        w_est += (ALPHA if w_est < prior else 1) / cwnd
        if C * (t - k) ** 3 + w_max < w_est:
            cwnd = max(cwnd, int(w_est))
        else:
            target = C * (t + rtt - k) ** 3 + w_max
            credit += (min(max(target, cwnd), 1.5 * cwnd) - cwnd) / cwnd
            cwnd += int(credit)
            credit -= int(credit)
        t += rtt / cwnd
    return cwnd


if __name__ == "__main__":
    for row in ((100, 0, 40), (1000, 0, 100), (100, 200, 40), (20, 0, 1),
                (4000, 0, 20), (3, 0, 40), (10, 0, 5000)):
        print("\t\t{{ {}, {}, {}, {{ {} }} }},".format(*row, ", ".join(
            str(curve(row[0], row[1], row[2] / 1000, s))
            for s in (1, 2, 4, 8, 12))))
