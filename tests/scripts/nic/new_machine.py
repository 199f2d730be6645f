#!/usr/bin/env python3
"""new_machine.py ROOT BIN: makes a machine of files for scripts/nic, and a folder of the tools that it calls."""
import os
import py_compile
import sys

import machine

TOOLS = ["tee", "ethtool", "systemctl", "ip", "ss", "modprobe", "mount", "umount", "mv", "id", "stat"]
INET = {"eth0": "192.0.2.2/24", "eth1": "10.1.0.1/24 10.1.0.2/24 fd01::1/64", "eth6": "192.0.2.8/24"}
ROUTES = {
    "eth0": ["-4 default via 192.0.2.1", "-4 192.0.2.0/24 proto kernel scope link src 192.0.2.2"],
    "eth1": [
        "-4 10.1.0.0/24 proto kernel scope link src 10.1.0.1",
        "-4 10.8.0.0/16 via 10.1.0.254 proto static metric 20",
        "-4 10.9.0.0/16 via 10.1.0.253",
        "-6 fd09::/64 via fd01::9 metric 1024 pref medium",
    ],
}


def new():
    for nic, name, interface_name, _, group, mtu, up in machine.NICS:
        machine.put(f"{machine.device(nic)}/class", "0x020000")
        machine.put(f"{machine.device(nic)}/numa_node", 0)
        machine.put(f"{machine.device(nic)}/driver_override", "(null)")
        if not os.path.exists(machine.driver(name)):
            machine.add_driver(name)
        machine.attach(nic, name)
        groups = f"{machine.ROOT}/sys/kernel/iommu_groups/{group}"
        machine.link(f"{machine.device(nic)}/iommu_group", groups)
        machine.link(f"{groups}/devices/{nic}", machine.device(nic))
        machine.add_interface(nic, interface_name, mtu, up)
    bridge = machine.device("0000:00:1c.0")
    machine.put(f"{bridge}/class", "0x060400")
    machine.link(f"{bridge}/iommu_group", f"{machine.ROOT}/sys/kernel/iommu_groups/1")
    machine.link(f"{machine.ROOT}/sys/kernel/iommu_groups/1/devices/0000:00:1c.0", bridge)
    machine.put(f"{machine.ROOT}/sys/class/iommu/dmar0/name")
    for node in range(2):
        machine.put(f"{machine.ROOT}/sys/devices/system/node/node{node}/hugepages/hugepages-2048kB/nr_hugepages", 0)
    machine.put(f"{machine.ROOT}/proc/cpuinfo", "vendor_id\t: GenuineIntel")
    machine.put(f"{machine.ROOT}/proc/mounts", "proc /proc proc rw 0 0")
    machine.put(f"{machine.ROOT}/proc/sys/kernel/random/boot_id", "first-boot")
    for irq in "24", "25":
        machine.put(f"{machine.device('0000:03:00.0')}/msi_irqs/{irq}", "msix")
        machine.put(f"{machine.ROOT}/proc/irq/{irq}/smp_affinity_list", "0-3")
    for file, text in ("online", "0-3"), ("isolated", "3"), ("nohz_full", "(null)"):
        machine.put(f"{machine.ROOT}/sys/devices/system/cpu/{file}", text)
    for core in range(2):
        machine.put(f"{machine.ROOT}/sys/devices/system/cpu/cpufreq/policy{core}/scaling_governor", "schedutil")
    for folder in "dev", "var/lib", "run/systemd/system", "etc/systemd/system":
        os.makedirs(f"{machine.ROOT}/{folder}")
    machine.put(f"{machine.ROOT}/ss")

    def fill(known):
        for name in [nic[2] for nic in machine.NICS]:
            known[name] = {"addresses": [machine.address(a) for a in INET.get(name, "").split()],
                           "routes": sorted(ROUTES.get(name, [])), **machine.untuned(name)}

    machine.network(fill)


def make_tools(tools):
    """machine.py, compiled, under the name of each tool; by this very Python, without its site."""
    os.mkdir(tools)
    py_compile.compile(machine.__file__, f"{tools}/machine.pyc", doraise=True)
    machine.put(f"{tools}/machine", f"#!{sys.executable} -IS\n"
        f"import sys\nsys.path.insert(0, {tools!r})\nimport machine\nmachine.main(*sys.argv)")
    os.chmod(f"{tools}/machine", 0o755)
    for tool in TOOLS:
        os.symlink("machine", f"{tools}/{tool}")


if __name__ == "__main__":
    machine.ROOT = sys.argv[1]
    new()
    make_tools(sys.argv[2])
