#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Run one command in a throw-away virtual machine that has an emulated Intel 82576
# (QEMU's igb) behind an emulated IOMMU, bound to vfio-pci, on one wire with a card
# that a stock Linux kernel drives ("peer").
#
# usage: tests/igb-vm/vm.sh [OPTION]... -- COMMAND [ARG]...
#   --peer KIND      igb (default) or virtio: the card that the kernel drives
#   --nics N         how many 82576s are bound to vfio-pci (default 1, at most 4)
#   --wires N        1: all are on one wire (default); N: card i on wire i, each with
#                    a peer of its own
#   --pcap FILE      what crosses the first wire
#   --kernel SUITE   bookworm (6.1) or bookworm-backports (6.12, default)
#   --smp N --mem MB default 2 and 768
#   --timeout S      default 120; the exit status is 124 then
#   --cache DIR      default ${XDG_CACHE_HOME:-~/.cache}/igb-vm
#   --verbose        messages of the guest's kernel, and times
#   --prepare        only install and unpack what is needed (root, Debian 12)
#   --ready          only say whether that has been done
# The command sees the host's files, which it cannot change. Its exit status is
# this script's; 125: the machine did not come up, or died.
# It finds IGB_VFIO_BDF, IGB_VFIO_BDFS, IGB_VFIO_GROUP, IGB_PEER_IF, IGB_PEER_MAC,
# IGB_PEER_IP4, IGB_VFIO_MAC; the peer's interface is in the network namespace of
# /run/netns/peer. That of wire 1 is IGB_PEER1_IF, with 10.99.1.1, in
# /run/netns/peer1, and so on. $IGB_VM_MONITOR takes commands of QEMU's monitor, one a line, such
# as "set_link nic0 off" (devices nic0..., peer; hub ports v0..., p).
# shellcheck disable=SC2015,SC2016
set -eu

peer=igb nics=1 wires=1 pcap='' suite=bookworm-backports
smp=2 mem=768 limit=120 cache=${XDG_CACHE_HOME:-$HOME/.cache}/igb-vm verbose=0 prepare=0 ready=0
die() { echo "igb-vm: $*" >&2; exit 125; }
while [ $# -gt 0 ]; do
    case $1 in
    --peer) peer=$2; shift 2 ;;
    --nics) nics=$2; shift 2 ;;
    --wires) wires=$2; shift 2 ;;
    --pcap) pcap=$(realpath -m "$2"); shift 2 ;;
    --kernel) suite=$2; shift 2 ;;
    --smp) smp=$2; shift 2 ;;
    --mem) mem=$2; shift 2 ;;
    --timeout) limit=$2; shift 2 ;;
    --cache) cache=$2; shift 2 ;;
    --verbose) verbose=1; shift ;;
    --prepare) prepare=1; shift ;;
    --ready) ready=1; shift ;;
    --help) sed -n '3,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    --) shift; break ;;
    *) die "unknown option $1 (--help)" ;;
    esac
done
[ $# -gt 0 ] || [ "$prepare$ready" != 00 ] || die "no command (--help)"
case $peer in igb|virtio) ;; *) die "--peer igb or virtio" ;; esac

### 1. what is needed from Debian ###########################################
kdir=$cache/kernel-$suite-2	# counts what is taken of the package
qemu_ok() { command -v qemu-system-x86_64 >/dev/null &&
    qemu-system-x86_64 -device igb,help >/dev/null 2>&1; }
prepared() { qemu_ok && [ -e "$kdir/.done" ]; }
if [ $ready = 1 ]; then prepared; exit $?; fi
[ $prepare = 1 ] || prepared || die "run: tests/igb-vm/vm.sh --prepare"

mkdir -p "$cache"
quiet_apt() {           # a package list older than the archive gets one refresh
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq "$@" >"$cache/apt.log" 2>&1 && return 0
    apt-get -qq update >>"$cache/apt.log" 2>&1 && apt-get -qq "$@" >>"$cache/apt.log" 2>&1 &&
        return 0
    tail -5 "$cache/apt.log" >&2; die "apt-get $1 failed (log: $cache/apt.log)"
}
have_backports() { apt-get indextargets --format '$(CODENAME)' 2>/dev/null |
    grep -qx bookworm-backports; }
add_backports() {       # the archive this machine already uses, another suite
    have_backports && return 0
    local uri key=/usr/share/keyrings/debian-archive-keyring.gpg
    local format='$(CODENAME)|$(COMPONENT)|$(REPO_URI)'
    main_uri() { apt-get indextargets --format "$format" 'Created-By: Packages' |
        sed -n 's/^bookworm|main|//p' | head -1; }
    uri=$(main_uri)
    [ "$uri" ] || { quiet_apt update; uri=$(main_uri); }
    [ "$uri" ] || die "apt knows no Debian bookworm archive; add bookworm-backports by hand"
    {   printf 'Types: deb\nURIs: %s\nSuites: bookworm-backports\nComponents: main\n' "$uri"
        [ ! -e $key ] || echo "Signed-By: $key"
    } >/etc/apt/sources.list.d/bookworm-backports.sources
    quiet_apt update
    have_backports || die "bookworm-backports is not in that archive"
}
qemu_ok || { add_backports
    quiet_apt install -y --no-install-recommends -t bookworm-backports qemu-system-x86; }
qemu_ok || die "this qemu has no igb device (needs >= 8.0)"
for t in xz:xz-utils cpio:cpio; do command -v "${t%:*}" >/dev/null ||
    quiet_apt install -y "${t#*:}"; done

if ! [ -e "$kdir/.done" ]; then
    [ "$suite" = bookworm ] || add_backports
    rm -rf "$kdir" "$kdir.tmp"; mkdir -p "$kdir.tmp/deb"
    case $suite in
    bookworm) pat='linux-image-6\.1\.[^ ,]*' ;;
    *) pat='linux-image-6\.12[^ ,]*' ;;
    esac
    # what linux-image-amd64 depends on, newest first; a version can outlive its
    # .deb in the archive, so try them in order, then once more with fresh lists
    ok=
    for _ in 1 2; do
        for p in $(apt-cache show linux-image-amd64 | grep '^Depends:' | grep -o "$pat" |
            sort -uVr); do
            if (cd "$kdir.tmp/deb" && apt-get -qq download "$p" >"$cache/apt.log" 2>&1)
            then ok=$p; break 2; fi
        done
        quiet_apt update
    done
    [ "$ok" ] || die "no kernel image of $suite could be downloaded"
    (cd "$kdir.tmp/deb" && apt-get -qq download busybox-static >"$cache/apt.log" 2>&1) ||
        die "no busybox-static"
    for d in "$kdir.tmp"/deb/*.deb; do dpkg -x "$d" "$kdir.tmp/pkg"; done
    mv "$kdir.tmp/pkg/boot"/vmlinuz-* "$kdir.tmp/vmlinuz"
    mv "$kdir.tmp/pkg/boot"/config-* "$kdir.tmp/config"
    mkdir -p "$kdir.tmp/base/bin" "$kdir.tmp/base/mod"
    bb=$(find "$kdir.tmp/pkg" -path '*bin/busybox' | head -1)
    cp "$bb" "$kdir.tmp/base/bin/busybox"
    # modules, dependencies first, uncompressed, in load order
    mroot=$(echo "$kdir.tmp"/pkg/*lib/modules/*/kernel)
    [ -d "$mroot" ] || mroot=$(find "$kdir.tmp/pkg" -type d -path '*/lib/modules/*/kernel' |
        head -1)
    declare -A done_mod=()
    : >"$kdir.tmp/base/mod/order"
    add_mod() {         # NAME: with its dependencies; silent when built in
        local n=${1//-/_} f d
        [ "${done_mod[$n]:-}" ] && return 0
        done_mod[$n]=1
        f=$(find "$mroot" \( -name "${n//_/[-_]}.ko" -o -name "${n//_/[-_]}.ko.xz" \) | head -1)
        [ "$f" ] || return 0
        case $f in *.xz) xz -dc "$f" ;; *) cat "$f" ;; esac >"$kdir.tmp/base/mod/$n.ko"
        for d in $(tr '\0' '\n' <"$kdir.tmp/base/mod/$n.ko" | sed -n 's/^depends=//p' |
            tr , ' '); do add_mod "$d"; done
        echo "$n" >>"$kdir.tmp/base/mod/order"
    }
    for m in virtio_pci virtio_net igb vfio_iommu_type1 vfio_pci 9p 9pnet_virtio overlay \
        tun 8021q; do
        add_mod $m
    done
    rm -rf "$kdir.tmp/pkg" "$kdir.tmp/deb"
    echo "$ok" >"$kdir.tmp/.done"
    mv "$kdir.tmp" "$kdir"
fi
if [ $prepare = 1 ]; then
    echo "igb-vm: ready: $(cat "$kdir/.done"), $(qemu-system-x86_64 --version | head -1)"
    exit 0
fi

### 2. the initramfs ########################################################
work=$(mktemp -d "${TMPDIR:-/tmp}/igb-vm.XXXXXX")
qpid=
trap '[ -z "$qpid" ] || kill "$qpid" 2>/dev/null || :; rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,proc,sys,dev,run,tmp,etc,mod}
ln -s bin "$root/sbin"
cp "$kdir/base/bin/busybox" "$root/bin/busybox"
cp -r "$kdir/base/mod/." "$root/mod/"
q() { printf '%q ' "$@"; }
{   echo "NICS=$nics WIRES=$wires VERBOSE=$verbose"
    printf 'CWD=%q\n' "$PWD"
} >"$root/etc/igb-vm.conf"
{   echo '#!/bin/sh'
    echo 'cd "$IGB_VM_CWD" 2>/dev/null || cd /'
    echo "exec $(q "$@")"
} >"$root/etc/igb-vm.cmd"
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
# runs as pid 1 in the guest
/bin/busybox --install -s /bin
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm /run/netns; mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm
. /etc/igb-vm.conf
say() { [ $VERBOSE = 0 ] || echo "igb-vm[$(cut -d' ' -f1 /proc/uptime)]: $*"; }
finish() {              # status on the second serial port, then leave at once
    cd /; sync
    echo "$1" >/dev/ttyS1
    stty -F /dev/ttyS0 -onlcr                   # waits until the output is out
    [ $VERBOSE = 1 ] || printf '\1' | dd of=/dev/port bs=1 seek=244 2>/dev/null
    poweroff -f; sleep 60
}
bail() { echo "igb-vm: $*"; finish 125; }
stty -F /dev/ttyS0 -onlcr 2>/dev/null
stty -F /dev/ttyS2 raw -echo 2>/dev/null
exec </dev/ttyS2 9<&0         # held open, or the tty settings are lost
exec </dev/null >/dev/ttyS0 2>&1
say "userland"
chmod 1777 /tmp
ip link set lo up
while read -r m; do
    case $m in
    igb) continue ;;                            # bound by hand below
    esac
    insmod /mod/$m.ko 2>/tmp/insmod.err || say "insmod $m: $(cat /tmp/insmod.err)"
done </mod/order
say "modules"
# 82576s: PCI addresses in order; the first NICS go to vfio-pci
IGB_VFIO_BDFS= n=0 peerbdf=
for d in /sys/bus/pci/devices/*; do
    [ "$(cat $d/vendor):$(cat $d/device)" = 0x8086:0x10c9 ] || continue
    if [ $n -lt $NICS ]; then
        echo vfio-pci >$d/driver_override
        echo ${d##*/} >/sys/bus/pci/drivers_probe
        IGB_VFIO_BDFS="$IGB_VFIO_BDFS ${d##*/}"
        n=$((n+1))
    fi
done
IGB_VFIO_BDFS=${IGB_VFIO_BDFS# } IGB_VFIO_BDF=${IGB_VFIO_BDFS%% *}
insmod /mod/igb.ko 2>/dev/null
[ "$IGB_VFIO_BDF" ] || bail "no 82576 in the guest"
[ "$(basename $(readlink /sys/bus/pci/devices/$IGB_VFIO_BDF/driver))" = vfio-pci ] ||
    bail "vfio-pci did not bind"
IGB_VFIO_GROUP=$(basename "$(readlink /sys/bus/pci/devices/$IGB_VFIO_BDF/iommu_group)")
# the peers: the cards that a driver of the kernel took, each in its own namespace
put_peer() {            # WIRE NAMESPACE: sets $if
    if=
    i=0; while [ $i -lt 50 ]; do
        for n in /sys/class/net/*; do
            [ "$(cat $n/address)" = 52:54:00:99:0$1:01 ] && if=${n##*/}
        done
        [ "$if" ] && break; usleep 100000; i=$((i+1))
    done
    [ "$if" ] || bail "no interface for $2"
    unshare -n sleep 100000 & nspid=$!
    i=0; while [ $i -lt 50 ] &&
        [ "$(readlink /proc/$nspid/ns/net)" = "$(readlink /proc/self/ns/net)" ]
    do usleep 20000; i=$((i+1)); done
    : >/run/netns/$2; mount --bind /proc/$nspid/ns/net /run/netns/$2
    ip link set $if netns $nspid
    inpeer() { nsenter --net=/run/netns/$ns "$@"; }
    ns=$2
    inpeer ip link set lo up
    inpeer sh -c "echo 0 >/proc/sys/net/ipv6/conf/$if/accept_dad"
    inpeer ip addr add 10.99.$1.1/24 dev $if
    inpeer ip link set $if up
    inpeer ip -6 addr add fd00:99:$1::1/64 dev $if
}
w=$((WIRES - 1))
while [ $w -gt 0 ]; do
    put_peer $w peer$w; export IGB_PEER${w}_IF=$if; w=$((w - 1))
done
put_peer 0 peer; IGB_PEER_IF=$if
i=0; while [ $i -lt 80 ] && ! inpeer ip link show dev $IGB_PEER_IF | grep -q LOWER_UP
do usleep 100000; i=$((i+1)); done
IGB_PEER_MAC=52:54:00:99:00:01 IGB_PEER_IP4=10.99.0.1 IGB_PEER_IP6=fd00:99:0::1
IGB_VFIO_MAC=52:54:00:99:00:02
export IGB_VFIO_BDF IGB_VFIO_BDFS IGB_VFIO_GROUP IGB_PEER_IF IGB_PEER_MAC IGB_PEER_IP4
export IGB_PEER_IP6 IGB_VFIO_MAC
export IGB_VM_MONITOR=/dev/ttyS2 IGB_VM_CWD="$CWD" IGB_VM=guest
say "vfio: $IGB_VFIO_BDFS group $IGB_VFIO_GROUP; peer $IGB_PEER_IF"
mkdir -p /low /up /new
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro hostroot /low ||
    bail "9p host root"
mount -t tmpfs up /up; mkdir /up/u /up/w
mount -t overlay -o lowerdir=/low,upperdir=/up/u,workdir=/up/w overlay /new || bail "overlay"
for d in proc sys dev run; do mkdir -p /new/$d; mount --rbind /$d /new/$d; done
cp /etc/igb-vm.cmd /new/etc/igb-vm.cmd
say "command"
chroot /new /bin/sh /etc/igb-vm.cmd
rc=$?
say "exit $rc"
finish $rc
INIT
chmod +x "$root/init"
(cd "$root" && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0) >"$work/initrd"

### 3. the machine ##########################################################
cpu=max,la57=off
cmdline="console=ttyS0 panic=-1 intel_iommu=on iommu=nopt mitigations=off nokaslr"
cmdline="$cmdline tsc=reliable no_timer_check random.trust_cpu=on net.ifnames=0"
[ $verbose = 1 ] || cmdline="$cmdline quiet loglevel=2"
nicargs=()
hub() { nicargs+=(-netdev "hubport,id=$1,hubid=$2"); }
port() { nicargs+=(-device "pcie-root-port,id=$1,chassis=$2,slot=$2,addr=$3.0"); }
for ((i = 0; i < nics; i++)); do
    hub v$i $((wires > 1 ? i % wires : 0))
    port rp$i $((i+1)) $((4+i))
    nicargs+=(-device "igb,id=nic$i,netdev=v$i,bus=rp$i,romfile=,mac=52:54:00:99:00:0$((2+i))")
done
case $peer in igb) model=igb ;; virtio) model=virtio-net-pci ;; esac
for ((w = 0; w < wires; w++)); do
    hub p$w $w
    port rpp$w $((9+w)) $((9+w))
    nicargs+=(-device "$model,id=peer$w,netdev=p$w,bus=rpp$w,romfile=,mac=52:54:00:99:0$w:01")
done
[ -z "$pcap" ] || nicargs+=(-object "filter-dump,id=dump0,netdev=v0,file=$pcap,maxlen=65536")
nicargs+=(-virtfs "local,path=/,mount_tag=hostroot,security_model=none,readonly=on,multidevs=remap")
t0=$(date +%s%N)
timeout -k 5 "$limit" qemu-system-x86_64 \
    -machine q35,accel=tcg,kernel-irqchip=split -cpu "${IGB_VM_CPU:-$cpu}" -smp "$smp" -m "$mem" \
    -device intel-iommu,intremap=on,caching-mode=on \
    -device isa-debug-exit,iobase=0xf4,iosize=4 \
    -nodefaults -no-user-config -display none -monitor none -no-reboot \
    -serial stdio -serial "file:$work/status" \
    -chardev "socket,id=hmps,path=$work/hmp,server=on,wait=off" -serial chardev:hmps \
    -chardev "socket,id=hmpc,path=$work/hmp" -mon chardev=hmpc,mode=readline \
    -kernel "$kdir/vmlinuz" -initrd "$work/initrd" -append "$cmdline" \
    "${nicargs[@]}" </dev/null 2>"$work/qemu.err" &
qpid=$!
rc=0; wait "$qpid" || rc=$?
qpid=
t1=$(date +%s%N)
grep -v 'is not connected to host network' "$work/qemu.err" >&2 || :
[ $verbose = 0 ] || echo "igb-vm: machine ran $(( (t1 - t0) / 1000000 )) ms" >&2
[ $rc != 124 ] && [ $rc != 137 ] || { echo "igb-vm: timeout after $limit s" >&2; exit 124; }
st=$(tr -dc 0-9 <"$work/status" 2>/dev/null || :)
[ "$st" ] || die "the guest died without a status (qemu exit $rc)"
exit "$st"
