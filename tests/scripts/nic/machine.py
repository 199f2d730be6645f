#!/usr/bin/env python3
"""A machine for scripts/nic that is only files: `machine.py new ROOT BIN` makes its tree, and a folder
BIN of the tools that scripts/nic calls. Under a tool's name this program does to the tree what the
kernel would do: a driver that is bound makes an interface, one that lets go takes it away.

Every change is counted and logged. MACHINE_STOP=N stops the caller at the Nth: with
MACHINE_STOP_HOW=dies after it, by SIGKILL to the process group, with `fails` instead of it, by an error.
MACHINE_FAILS=TEXT lets each change fail whose command line has that text.
"""
import json
import os
import pathlib
import shutil
import signal
import sys

ROOT = pathlib.Path(os.environ.get("MUSTER_NIC_ROOT", "/nowhere"))
TOOLS = ["tee", "ip", "ss", "modprobe", "mount", "umount", "mv", "id"]
FOREVER = 4294967295

# address, driver, name, the name it is born with, IOMMU group, mtu, up
NICS = [
    ("0000:03:00.0", "e1000e", "eth1", "eth9", 1, 9000, True),
    ("0000:04:00.0", "mlx5_core", "eth2", "eth2", 2, 1500, True),
    ("0000:05:00.0", "igb", "eth3", "eth3", 5, 1500, False),
    ("0000:05:00.1", "igb", "eth4", "eth4", 5, 1500, False),
    ("0000:06:00.0", "virtio-pci", "eth0", "eth0", 6, 1500, True),
    ("0000:07:00.0", "r8169", "eth5", "eth5", 7, 1500, True),
    ("0000:08:00.0", "ixgbe", "eth6", "eth6", 8, 1500, True),
]
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


def put(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def link(path, to):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(os.path.relpath(to, path.parent))


def device(address):
    return ROOT / "sys/bus/pci/devices" / address


def driver(name):
    return ROOT / "sys/bus/pci/drivers" / name


def network(change=None):
    """Addresses and routes of each interface; `change` changes them."""
    file = ROOT / "network.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    if change:
        change(known)
        file.write_text(json.dumps(known, indent=1, sort_keys=True))
    return known


def address(text):
    local, length = text.split("/")
    family = "inet6" if ":" in local else "inet"
    return {"family": family, "local": local, "prefixlen": int(length), "scope": "global",
            "valid_life_time": FOREVER, "preferred_life_time": FOREVER}


def add_interface(nic, name, mtu, up):
    place = device(nic) / ("virtio0/net" if "06:00.0" in nic else "net") / name
    put(place / "address", "52:54:00:00:0{}:{}".format(nic[-1], nic[5:7]))
    put(place / "mtu", mtu)
    put(place / "flags", "0x1003" if up else "0x1002")
    put(place / "carrier", 1)
    put(place / "speed", 1000)
    link(ROOT / "sys/class/net" / name, place)


def remove_interfaces(nic):
    for place in [*device(nic).glob("net/*"), *device(nic).glob("virtio0/net/*")]:
        (ROOT / "sys/class/net" / place.name).unlink()
        network(lambda known, name=place.name: known.pop(name, None))
        shutil.rmtree(place.parent)


def add_driver(name):
    put(driver(name) / "bind")
    put(driver(name) / "unbind")


def attach(nic, name):
    link(device(nic) / "driver", driver(name))
    link(driver(name) / nic, device(nic))


def new(tools):
    for nic, name, interface, _, group, mtu, up in NICS:
        put(device(nic) / "class", "0x020000")
        put(device(nic) / "numa_node", 0)
        put(device(nic) / "driver_override", "(null)")
        if not driver(name).exists():
            add_driver(name)
        attach(nic, name)
        groups = ROOT / f"sys/kernel/iommu_groups/{group}"
        link(device(nic) / "iommu_group", groups)
        link(groups / "devices" / nic, device(nic))
        add_interface(nic, interface, mtu, up)
    bridge = device("0000:00:1c.0")
    put(bridge / "class", "0x060400")
    link(bridge / "iommu_group", ROOT / "sys/kernel/iommu_groups/1")
    link(ROOT / "sys/kernel/iommu_groups/1/devices/0000:00:1c.0", bridge)
    put(ROOT / "sys/class/iommu/dmar0/name")
    for node in range(2):
        put(ROOT / f"sys/devices/system/node/node{node}/hugepages/hugepages-2048kB/nr_hugepages", 0)
    put(ROOT / "proc/cpuinfo", "vendor_id\t: GenuineIntel")
    put(ROOT / "proc/mounts", "proc /proc proc rw 0 0")
    put(ROOT / "proc/sys/kernel/random/boot_id", "first-boot")
    (ROOT / "dev").mkdir()
    (ROOT / "var/lib").mkdir(parents=True)
    put(ROOT / "ss")

    def fill(known):
        for interface in [nic[2] for nic in NICS]:
            known[interface] = {"addresses": [address(a) for a in INET.get(interface, "").split()],
                                "routes": sorted(ROUTES.get(interface, []))}

    network(fill)
    # By this very Python, and without its site: the tools are called often.
    tools.mkdir()
    program = tools / "machine"
    program.write_text(f"#!{sys.executable} -IS\n" + pathlib.Path(__file__).read_text(encoding="utf-8"))
    program.chmod(0o755)
    for tool in TOOLS:
        (tools / tool).symlink_to("machine")


def refuse(why):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {why}")


def tee(path):
    """A write to sysfs or procfs."""
    path, value = pathlib.Path(path), sys.stdin.read().strip()
    if not path.exists():
        refuse(f"{path}: No such file or directory")
    if path.name == "driver_override":
        put(path, value or "(null)")
    elif path.name == "unbind":
        if os.path.basename(os.path.realpath(device(value) / "driver")) != path.parent.name:
            refuse(f"{path}: No such device")
        remove_interfaces(value)
        (device(value) / "driver").unlink()
        (path.parent / value).unlink()
    elif path.name == "bind":
        name, override = path.parent.name, (device(value) / "driver_override").read_text().strip()
        own = next(nic for nic in NICS if nic[0] == value)
        if (device(value) / "driver").exists():
            refuse(f"{path}: Device or resource busy")
        if name != (own[1] if override == "(null)" else override):
            refuse(f"{path}: No such device")
        attach(value, name)
        if name == own[1]:
            add_interface(value, own[3], 1500, False)
            network(lambda known: known.update({own[3]: {"addresses": [], "routes": []}}))
    else:
        put(path, value)


def link_set(name, *words):
    place = ROOT / "sys/class/net" / name
    if not place.exists():
        refuse(f'Cannot find device "{name}"')
    if words == ("up",):
        put(place / "flags", "0x1003")
    elif words == ("down",):
        put(place / "flags", "0x1002")

        def down(known):  # the kernel keeps the IPv4 addresses alone
            known[name]["routes"] = []
            known[name]["addresses"] = [a for a in known[name]["addresses"] if a["family"] == "inet"]

        network(down)
    elif words[0] == "mtu":
        put(place / "mtu", words[1])
    elif words[0] == "name":
        real = place.resolve()
        place.unlink()
        real.rename(real.parent / words[1])
        link(ROOT / "sys/class/net" / words[1], real.parent / words[1])
        network(lambda known: known.update({words[1]: known.pop(name)}))


def connected(entry):
    """The route that the kernel makes with the first address of a network."""
    prefix = entry["local"].rsplit(".", 1)[0]
    return f"-4 {prefix}.0/{entry['prefixlen']} proto kernel scope link src {entry['local']}"


def ip(*words):
    name = words[-1]
    if words[:2] == ("link", "set"):
        link_set(*words[3:])
    elif words[:2] == ("addr", "replace"):
        def replace(known):
            new_one, there = address(words[2]), known[name]["addresses"]
            there[:] = [a for a in there if a["local"] != new_one["local"]] + [new_one]
            there.sort(key=lambda a: (a["family"], a["local"]))

        network(replace)
    elif words[1:3] == ("route", "add"):
        def add(known):
            if not int((ROOT / "sys/class/net" / name / "flags").read_text(), 16) & 1:
                refuse("RTNETLINK answers: Network is down")
            known[name]["routes"].append(" ".join([words[0], *words[3:-2]]))
            known[name]["routes"].sort()

        network(add)
    elif words[-1] == "default":
        routes = [(n, r) for n, i in network().items() for r in i["routes"]]
        print(json.dumps([{"dev": n} for n, r in routes if r.startswith(f"{words[1]} default")]))
    elif words[1] == "addr":
        print(json.dumps([{"ifname": name, "addr_info": network().get(name, {}).get("addresses", [])}]))
    else:
        print("\n".join(f"{r[3:]} " for r in network()[name]["routes"] if r.startswith(words[1])))
    if words[-1] == "up":  # what comes with the addresses
        def up(known):
            first = next((a for a in known[words[3]]["addresses"] if a["family"] == "inet"), None)
            if first and connected(first) not in known[words[3]]["routes"]:
                known[words[3]]["routes"].append(connected(first))
                known[words[3]]["routes"].sort()

        network(up)


def modprobe(*words):
    modules, parameter = ROOT / "sys/module", ROOT / "sys/module/vfio/parameters"
    if words == ("-r", "vfio-pci"):
        shutil.rmtree(modules)
        shutil.rmtree(driver("vfio-pci"))
    elif words == ("vfio-pci",):
        (modules / "vfio_pci").mkdir(parents=True)
        put(parameter / "enable_unsafe_noiommu_mode", "N")
        add_driver("vfio-pci")
    else:
        refuse(f"FATAL: Module {words[-1]} not found")


def mount(*words):
    with open(ROOT / "proc/mounts", "a", encoding="utf-8") as mounts:
        mounts.write(f"hugetlbfs {words[-1]} hugetlbfs rw 0 0\n")


def umount(where):
    mounts = ROOT / "proc/mounts"
    kept = [line for line in mounts.read_text().splitlines(True) if f" {where} " not in line]
    mounts.write_text("".join(kept))


def ss(*_):
    print((ROOT / "ss").read_text(), end="")


def mv(*words):
    os.replace(*words[-2:])


def id(_):
    print(os.environ.get("MACHINE_UID", "0"))


def changes(tool, words):
    return tool not in ("id", "ss") and "show" not in words


def main(tool, *words):
    how = None
    if changes(tool, words):
        log = ROOT.parent / "log"
        with open(log, "a+", encoding="utf-8") as lines:
            lines.write(" ".join([tool, *words]) + "\n")
            lines.seek(0)
            count = len(lines.readlines())
        if count == int(os.environ.get("MACHINE_STOP", "0")):
            how = os.environ["MACHINE_STOP_HOW"]
        failing = os.environ.get("MACHINE_FAILS")
        if how == "fails" or failing and failing in " ".join([tool, *words]):
            refuse("the machine does not want to")
    globals()[tool](*words)
    if how == "dies":
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    if sys.argv[1:2] == ["new"]:
        ROOT = pathlib.Path(sys.argv[2])
        new(pathlib.Path(sys.argv[3]))
    else:
        main(pathlib.Path(sys.argv[0]).name, *sys.argv[1:])
