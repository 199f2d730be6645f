"""A machine for scripts/nic that is only files, which new_machine.py makes. Under the name of a tool that
scripts/nic calls, this does to the tree what the kernel would do: a driver that is bound makes an
interface, one that lets go takes it away.

Every change is counted and logged. MACHINE_STOP=N stops the caller at the Nth: with
MACHINE_STOP_HOW=dies after it, by SIGKILL to the process group, with `fails` instead of it, by an error.
MACHINE_FAILS=TEXT lets each change fail whose command line has that text.
"""
import os
import sys

# The tools are started thousands of times: they import what costs nothing.

ROOT = os.environ.get("MUSTER_NIC_ROOT", "/nowhere")
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


def get(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def put(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")


def link(path, to):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(os.path.relpath(to, os.path.dirname(path)), path)


def remove_tree(path):
    for folder, folders, files in os.walk(path, topdown=False):
        for name in files + [name for name in folders if os.path.islink(f"{folder}/{name}")]:
            os.unlink(f"{folder}/{name}")
        os.rmdir(folder)


def device(address):
    return f"{ROOT}/sys/bus/pci/devices/{address}"


def driver(name):
    return f"{ROOT}/sys/bus/pci/drivers/{name}"


def interface(name):
    return f"{ROOT}/sys/class/net/{name}"


def is_up(name):
    return int(get(f"{interface(name)}/flags"), 16) & 1


def as_json(data):
    """Of words without quotes, and numbers: Python writes them as JSON does, but for the quotes."""
    return repr(data).replace("'", '"')


def untuned(name):
    offered = name not in ("eth3", "eth4")
    return {"rings": "rx 256 tx 256" if offered else "",
            "coalescing": "adaptive-rx on rx-usecs 3" if offered else ""}


def network(change=None):
    """Addresses and routes of each interface, a line for each; `change` changes them."""
    file = f"{ROOT}/network.json"
    known = eval(get(file)) if os.path.exists(file) else {}
    if change:
        change(known)
        lines = [f'"{name}": {as_json(known[name])}' for name in sorted(known)]
        put(file, "{" + ",\n".join(lines) + "}")
    return known


def address(text):
    local, length = text.split("/")
    family = "inet6" if ":" in local else "inet"
    return {"family": family, "local": local, "prefixlen": int(length), "scope": "global",
            "valid_life_time": FOREVER, "preferred_life_time": FOREVER}


def interfaces(nic):
    return device(nic) + ("/virtio0/net" if "06:00.0" in nic else "/net")


def add_interface(nic, name, mtu, up):
    place = f"{interfaces(nic)}/{name}"
    put(f"{place}/address", f"52:54:00:00:0{nic[-1]}:{nic[5:7]}")
    put(f"{place}/mtu", mtu)
    put(f"{place}/flags", "0x1003" if up else "0x1002")
    put(f"{place}/carrier", 1)
    put(f"{place}/speed", 1000)
    link(interface(name), place)


def remove_interfaces(nic):
    if os.path.exists(interfaces(nic)):
        for name in os.listdir(interfaces(nic)):
            os.unlink(interface(name))
            network(lambda known, name=name: known.pop(name, None))
        remove_tree(interfaces(nic))


def add_driver(name):
    put(f"{driver(name)}/bind")
    put(f"{driver(name)}/unbind")


def attach(nic, name):
    link(f"{device(nic)}/driver", driver(name))
    link(f"{driver(name)}/{nic}", device(nic))


def refuse(why):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {why}")


def tee(path):
    """A write to sysfs or procfs."""
    folder, file = os.path.split(path)
    value = sys.stdin.read().strip()
    if not os.path.exists(path) and "/etc/" not in path:
        refuse(f"{path}: No such file or directory")
    if file == "driver_override":
        put(path, value or "(null)")
    elif file == "unbind":
        unbind(value, folder) or refuse(f"{path}: No such device")
    elif file == "bind":
        if os.path.exists(f"{device(value)}/driver"):
            refuse(f"{path}: Device or resource busy")
        bind(value, os.path.basename(folder)) or refuse(f"{path}: No such device")
    elif file == "smp_affinity_list":
        put(path, as_ranges([int(core) for core in value.split(",")]))
    else:
        put(path, value)


def as_ranges(cores):
    """As the kernel writes them: "0-2,5"."""
    text = ""
    for core in cores:
        if core - 1 not in cores:
            text += f",{core}"
        elif core + 1 not in cores:
            text += f"-{core}"
    return text[1:]


def unbind(nic, folder):
    if os.path.realpath(f"{device(nic)}/driver") != os.path.realpath(folder):
        return False
    remove_interfaces(nic)
    os.unlink(f"{device(nic)}/driver")
    os.unlink(f"{folder}/{nic}")
    return True


def bind(nic, name):
    override = get(f"{device(nic)}/driver_override").strip()
    own, _, born = next(known[1:4] for known in NICS if known[0] == nic)
    if name != (own if override == "(null)" else override):
        return False
    attach(nic, name)
    if name == own:
        add_interface(nic, born, 1500, False)
        network(lambda known: known.update({born: {"addresses": [], "routes": [], **untuned(born)}}))
    return True


def link_set(name, *words):
    place = interface(name)
    if not os.path.exists(place):
        refuse(f'Cannot find device "{name}"')
    if words == ("up",):
        put(f"{place}/flags", "0x1003")
    elif words == ("down",):
        put(f"{place}/flags", "0x1002")

        def down(known):  # the kernel keeps the IPv4 addresses alone
            known[name]["routes"] = []
            known[name]["addresses"] = [a for a in known[name]["addresses"] if a["family"] == "inet"]

        network(down)
    elif words[0] == "mtu":
        put(f"{place}/mtu", words[1])
    elif words[0] == "name":
        real = os.path.realpath(place)
        os.unlink(place)
        os.rename(real, f"{os.path.dirname(real)}/{words[1]}")
        link(interface(words[1]), f"{os.path.dirname(real)}/{words[1]}")
        network(lambda known: known.update({words[1]: known.pop(name)}))


def connected(entry):
    """The route that the kernel makes with the first address of a network."""
    prefix = entry["local"].rsplit(".", 1)[0]
    return f"-4 {prefix}.0/{entry['prefixlen']} proto kernel scope link src {entry['local']}"


def ip(*words):
    words = [word for word in words if word != "-o"]
    name = words[-1]
    if words[:2] == ["link", "set"]:
        link_set(*words[3:])
    elif words[:2] == ["addr", "replace"]:
        def replace(known):
            new_one, there = address(words[2]), known[name]["addresses"]
            there[:] = [a for a in there if a["local"] != new_one["local"]] + [new_one]
            there.sort(key=lambda a: (a["family"], a["local"]))

        network(replace)
    elif words[1:3] == ["route", "add"]:
        def add(known):
            if not is_up(name):
                refuse("RTNETLINK answers: Network is down")
            known[name]["routes"].append(" ".join([words[0], *words[3:-2]]))
            known[name]["routes"].sort()

        network(add)
    elif words[-1] == "default":
        routes = [(n, r) for n, i in network().items() for r in i["routes"]]
        for n, r in routes:
            if r.startswith(f"{words[0]} default"):
                print(f"{r[3:]} dev {n} ")
    elif words[1] == "addr":
        print(as_json([{"ifname": name, "addr_info": network().get(name, {}).get("addresses", [])}]))
    else:
        print("\n".join(f"{r[3:]} " for r in network()[name]["routes"] if r.startswith(words[0])))
    if words[-1] == "up":  # what comes with the addresses
        def up(known):
            first = next((a for a in known[words[3]]["addresses"] if a["family"] == "inet"), None)
            if first and connected(first) not in known[words[3]]["routes"]:
                known[words[3]]["routes"].append(connected(first))
                known[words[3]]["routes"].sort()

        network(up)


def modprobe(*words):
    modules = f"{ROOT}/sys/module"
    if words == ("-r", "vfio-pci"):
        remove_tree(modules)
        remove_tree(driver("vfio-pci"))
    elif words == ("vfio-pci",):
        os.makedirs(f"{modules}/vfio_pci")
        put(f"{modules}/vfio/parameters/enable_unsafe_noiommu_mode", "N")
        add_driver("vfio-pci")
    else:
        refuse(f"FATAL: Module {words[-1]} not found")


def mount(*words):
    put(f"{ROOT}/proc/mounts", get(f"{ROOT}/proc/mounts") + f"hugetlbfs {words[-1]} hugetlbfs rw 0 0")


def umount(where):
    kept = [line for line in get(f"{ROOT}/proc/mounts").splitlines() if f" {where} " not in line]
    put(f"{ROOT}/proc/mounts", "\n".join(kept))


def ethtool(option, name, *words):
    kind = "rings" if option.lower() == "-g" else "coalescing"
    known = network()[name]
    if not known[kind]:
        refuse("netlink error: Operation not supported")
    elif option == "-g":
        _, rx, _, tx = known[kind].split()
        print(f"Ring parameters for {name}:\nPre-set maximums:\nRX:\t\t4096\nRX Mini:\tn/a\nTX:\t\t4096\n"
              f"Current hardware settings:\nRX:\t\t{rx}\nRX Mini:\tn/a\nTX:\t\t{tx}")
    elif option == "-c":
        _, adaptive, _, usecs = known[kind].split()
        print(f"Coalesce parameters for {name}:\nAdaptive RX: {adaptive}  TX: n/a\nrx-usecs:\t{usecs}\nrx-frames:\tn/a")
    else:
        now = known[kind].split()
        wanted = dict(zip(now[::2], now[1::2])) | dict(zip(words[::2], words[1::2]))
        if wanted.get("adaptive-rx") == "on" and wanted["rx-usecs"] != now[3]:  # as i40e, iavf and ice have it
            refuse("netlink error: Invalid argument")
        network(lambda known: known[name].update({kind: " ".join(f"{key} {wanted[key]}" for key in wanted)}))


def systemctl(verb, name=""):
    units = f"{ROOT}/etc/systemd/system"
    wanted = f"{units}/multi-user.target.wants/{name}"
    if verb == "enable" and not os.path.islink(wanted):
        link(wanted, f"{units}/{name}")
    elif verb == "disable" and os.path.islink(wanted):
        os.unlink(wanted)
        os.rmdir(os.path.dirname(wanted))


def ss(*_):
    print(get(f"{ROOT}/ss"), end="")


def stat(option, *words):
    """Of scripts/nic itself: all is root's, on a disk; but for MACHINE_STAT="PATH OWNER MODE", MACHINE_DISK=nfs."""
    path, owner, mode = os.environ.get("MACHINE_STAT", "- 0 0").split()
    if option == "-f":
        print(os.environ.get("MACHINE_DISK", "ext2/ext3"))
    else:
        for word in words[1:]:
            print(f"{owner} {mode} {word}" if word == path else f"0 755 {word}")


def mv(*words):
    os.replace(*words[-2:])


def id(_):
    print(os.environ.get("MACHINE_UID", "0"))


def changes(tool, words):
    return tool not in ("id", "ss", "stat") and not {"show", "-g", "-c"} & set(words)


def main(program, *words):
    tool = os.path.basename(program)
    how = None
    if changes(tool, words):
        with open(f"{os.path.dirname(ROOT)}/log", "a+", encoding="utf-8") as lines:
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
        os.killpg(0, 9)

