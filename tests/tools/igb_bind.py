#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""inet-igb-bind on a made-up /sys, with a thread that does the kernel's part."""
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
import traceback

TOOL = os.path.abspath(os.environ.get("top_builddir", ".") + "/inet-igb-bind")
BDF = "0000:01:00.0"
OTHER = "0000:01:00.1"
CASES = []


def case(function):
    """One case of the suite, by its name."""
    CASES.append(function)
    return function


class Machine:
    """A card with driver igb and the interface NAME, alone in group 7."""

    def __init__(self, name="lab-none0"):
        self.top = tempfile.mkdtemp()
        self.willing = True     # vfio-pci takes it
        for folder in ("sys/bus/pci/drivers/igb", "sys/bus/pci/drivers/vfio-pci",
                       "sys/kernel/iommu_groups/7/devices", "proc/net",
                       "dev/vfio"):
            os.makedirs(f"{self.top}/{folder}")
        self.card(BDF, "igb")
        os.makedirs(self.of(f"net/{name}"))
        self.write("sys/bus/pci/drivers_probe", "")
        self.write("sys/bus/pci/drivers/vfio-pci/unbind", "")
        self.write("dev/vfio/7", "")
        self.write("proc/net/route", "Iface\tDestination\neth9\t00000000\n")
        self.write("proc/net/ipv6_route", f"fe80{'0' * 28} 40 {'0' * 32} 00 "
                   f"{'0' * 32} 00000100 00000001 00000000 00000001 {name}\n")
        self.running = True
        self.thread = threading.Thread(target=self.kernel)
        self.thread.start()

    def card(self, bdf, driver):
        """One of the group."""
        folder = f"{self.top}/sys/bus/pci/devices/{bdf}"
        os.makedirs(folder)
        for name, text in (("vendor", "0x8086"), ("device", "0x10c9"),
                           ("class", "0x020000"), ("driver_override", "")):
            self.write(f"sys/bus/pci/devices/{bdf}/{name}", text)
        os.symlink("../../../../kernel/iommu_groups/7", folder + "/iommu_group")
        os.symlink(folder,
                   f"{self.top}/sys/kernel/iommu_groups/7/devices/{bdf}")
        os.symlink(f"../../drivers/{driver}", folder + "/driver")
        self.write(f"sys/bus/pci/drivers/{driver}/unbind", "")

    def of(self, name):
        """A path below the card."""
        return f"{self.top}/sys/bus/pci/devices/{BDF}/{name}"

    def write(self, name, text):
        """A file of the machine."""
        with open(f"{self.top}/{name}", "w", encoding="ascii") as file:
            file.write(text)

    def read(self, name):
        """What is in it."""
        with open(f"{self.top}/{name}", encoding="ascii") as file:
            return file.read()

    def driver(self):
        """Who has the card."""
        return os.path.basename(os.readlink(self.of("driver")))

    def kernel(self):
        """Binds what is probed to what is asked for."""
        while self.running:
            if self.read("sys/bus/pci/drivers_probe") == BDF:
                self.write("sys/bus/pci/drivers_probe", "")
                wanted = self.read(f"sys/bus/pci/devices/{BDF}/driver_override")
                wanted = wanted.strip() or "igb"
                if wanted == "igb" or self.willing:
                    os.symlink(f"../../drivers/{wanted}", self.of("new"))
                    os.rename(self.of("new"), self.of("driver"))
            time.sleep(0.002)

    def run(self, *words, fails=None):
        """The tool. FAILS: what it is to say. Return: what it prints."""
        done = subprocess.run(
            [TOOL, "-S", self.top + "/sys", "-P", self.top + "/proc", "-D",
             self.top + "/dev", *words], text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == (1 if fails else 0), done
        if fails:
            assert fails in done.stderr, done.stderr
        return done.stdout

    def waits_for(self, driver):
        """Until it has the card: here the kernel is slow."""
        while self.driver() != driver:      # or the test's time is up
            time.sleep(0.002)

    def untouched(self):
        """Nothing was written."""
        return self.driver() == "igb" and not any(
            self.read("sys/bus/pci/" + name) for name in
            (f"devices/{BDF}/driver_override", "drivers/igb/unbind"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join()
        shutil.rmtree(self.top)


@case
def card_is_bound_and_given_back():
    """And all that was done is said."""
    with Machine() as machine:
        said = machine.run("bind", BDF)
        assert "8086:10c9, driver igb, IOMMU group 7, interface lab-none0" in said
        assert said.count(" > ") == 3, said
        assert machine.driver() == "vfio-pci"
        assert machine.read("sys/bus/pci/drivers/igb/unbind") == BDF
        assert "already" in machine.run("bind", BDF)
        machine.run("unbind", BDF)
        machine.waits_for("igb")
        assert machine.read("sys/bus/pci/drivers/vfio-pci/unbind") == BDF
        machine.run("unbind", BDF, fails="not bound to vfio-pci, but to igb")


@case
def dry_run_writes_nothing():
    """It says the same."""
    with Machine() as machine:
        said = machine.run("-n", "bind", BDF)
        assert machine.untouched()
        assert said == machine.run("bind", BDF)
        assert machine.run("--dry-run", "unbind", BDF).count(" > ") == 3
        assert machine.driver() == "vfio-pci"


@case
def card_without_a_driver_is_bound():
    """There is nothing to take it from."""
    with Machine() as machine:
        os.remove(machine.of("driver"))
        machine.run("bind", BDF)
        assert machine.driver() == "vfio-pci"


@case
def user_may_open_it():
    """The group's file is his."""
    with Machine() as machine:
        me = pwd.getpwuid(os.getuid()).pw_name
        assert f"owner of {machine.top}/dev/vfio/7: {me}" in \
            machine.run("-u", me, "bind", BDF)
        machine.run("-u", "no-such-user", "bind", BDF,
                    fails="there is no user no-such-user")
        os.remove(machine.top + "/dev/vfio/7")
        machine.run("-u", me, "bind", BDF, fails="dev/vfio/7")


@case
def card_with_an_address_is_refused():
    """The loopback's interface, which has one."""
    with Machine("lo") as machine:
        machine.run("bind", BDF, fails="lo has an address of the host's")
        assert machine.untouched()


@case
def card_with_a_route_is_refused():
    """Of IPv4, and of IPv6 beside the link-local ones."""
    with Machine() as machine:
        machine.write("proc/net/route", "Iface\nlab-none0\t00000000\n")
        machine.run("bind", BDF, fails="routes by lab-none0")
        machine.write("proc/net/route", "Iface\n")
        machine.write("proc/net/ipv6_route", f"2001{'0' * 28} 40 {'0' * 32} 00 "
                      f"{'0' * 32} 0 1 0 1 lab-none0\n")
        machine.run("bind", BDF, fails="routes by lab-none0")
        assert machine.untouched()


@case
def card_in_a_bridge_is_refused():
    """It is the bridge that has the address."""
    with Machine() as machine:
        os.makedirs(machine.top + "/sys/class/net/lab-none0")
        os.symlink("../br0", machine.top + "/sys/class/net/lab-none0/master")
        machine.run("bind", BDF, fails="lab-none0 is part of br0")
        assert machine.untouched()


@case
def card_is_refused_whose_group_is_in_use():
    """And one without a group."""
    with Machine() as machine:
        machine.card(OTHER, "igb")
        machine.run("bind", BDF, fails=OTHER + " of its IOMMU group 7")
        assert machine.untouched()
        os.remove(machine.of("iommu_group"))
        machine.run("bind", BDF, fails="no IOMMU")
        assert machine.untouched()


@case
def other_devices_are_refused():
    """Not Intel's, not Ethernet, not there, not an address."""
    with Machine() as machine:
        machine.write(f"sys/bus/pci/devices/{BDF}/class", "0x010802")
        machine.run("bind", BDF, fails="no Ethernet card of Intel's")
        machine.write(f"sys/bus/pci/devices/{BDF}/class", "0x020000")
        machine.write(f"sys/bus/pci/devices/{BDF}/vendor", "0x1af4")
        machine.run("bind", BDF, fails="no Ethernet card of Intel's")
        machine.run("show", "0000:02:00.0", fails="no such device")
        for word in ("01:00.0", "../../x", "0000:01:00.9", BDF + "/"):
            machine.run("show", word, fails="not an address")
        shutil.rmtree(machine.top + "/sys/bus/pci/drivers/vfio-pci")
        machine.write(f"sys/bus/pci/devices/{BDF}/vendor", "0x8086")
        machine.run("bind", BDF, fails="modprobe vfio-pci")
        assert machine.untouched()


@case
def card_that_is_not_taken_is_given_back():
    """To the driver that had it."""
    with Machine() as machine:
        machine.willing = False
        machine.run("bind", BDF, fails="vfio-pci did not take it")
        assert machine.read(
            f"sys/bus/pci/devices/{BDF}/driver_override").strip() == ""
        machine.waits_for("igb")


def main():
    """TAP."""
    print(f"1..{len(CASES)}")
    for number, function in enumerate(CASES, 1):
        try:
            function()
            print(f"ok {number} - {function.__name__}")
        except Exception:       # pylint: disable=broad-except
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"not ok {number} - {function.__name__}")


if __name__ == "__main__":
    main()
