#!/bin/bash
# Run unit tests on a processor with AVX-512 where there is none: Bochs emulates one, instruction by
# instruction, and boots a Debian kernel on it with a system of nothing but busybox and the tests.
# Slow, so it is for changes of the kernels (src/linalg/*_level.c, vec.h), not for every change.
#
#   tools/test_avx512.sh [BUILD [TEST …]]     BUILD: a build directory (default: build)
#                                             TEST: names of its programs in tests/ that need
#                                             no file but tests/golden (default: the kernels
#                                             and the ALS on them); linalg_cpu_test comes first
#
# CPU_MODEL=NAME  the processor (default: corei7_skylake_x; `bochs -help cpu` lists them)
# VMLINUZ=FILE    the kernel, where it need not be fetched
# KEEP=DIR        where to work, and to leave the image and the logs (default: removed at the end)
#
# Needs the Debian packages bochs bochs-term isolinux syslinux-common xorriso busybox-static; beyond
# installing those, no root. The kernel (27 MB) comes from the mirrors of apt and is not installed.
# Prints what the tests print. Fails where a test fails, or the best level there is not avx512. One
# failure is expected: Bochs 2.7 rounds a float in the middle of two halves up, for AVX2 as for
# AVX-512, where processors take the even one.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
build=$(realpath "${1:-build}")
tests=(linalg_cpu_test "${@:2}")
[[ $# -gt 1 ]] || tests+=(linalg_topk_test model_als_test linalg_solve_test)
model=${CPU_MODEL:-corei7_skylake_x}
expected=halves_in_the_middle_go_to_the_even
limit_s=3600 # of the emulation as a whole

missing=()
require() { # a file, and the package that brings it
    [[ -e $1 ]] || missing+=("$2")
}
require /usr/bin/bochs-bin bochs
require /usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so bochs-term
require /usr/lib/ISOLINUX/isolinux.bin isolinux
require /usr/lib/syslinux/modules/bios/ldlinux.c32 syslinux-common
require /usr/bin/xorriso xorriso
require /bin/busybox busybox-static
if [[ ${#missing[@]} -gt 0 ]]; then
    echo "tools/test_avx512.sh: as root, run: apt-get install --no-install-recommends" \
        "${missing[*]}" >&2
    exit 2
fi
for test in "${tests[@]}"; do
    if [[ ! -x $build/tests/$test ]]; then
        echo "tools/test_avx512.sh: $build/tests/$test is not built" >&2
        exit 2
    fi
done

bochs=
if [[ -n ${KEEP:-} ]]; then
    mkdir -p "$KEEP"
    work=$(realpath "$KEEP")
    rm -rf "$work/guest" "$work/iso" "$work/serial.txt"
else
    work=$(mktemp -d)
fi
clean_up() {
    [[ -z $bochs ]] || kill "$bochs" 2>/dev/null || true
    [[ -n ${KEEP:-} ]] || rm -rf "$work"
}
trap clean_up EXIT
mkdir -p "$work/guest"/{bin,proc,sys,dev,tmp,tests} "$work/iso"

fetch_kernel() { # → iso/vmlinuz
    if [[ -n ${VMLINUZ:-} ]]; then
        cp "$VMLINUZ" "$work/iso/vmlinuz"
        return
    fi
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
    (cd "$work" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$package")
    dpkg -x "$work/$package"_*.deb "$work/kernel"
    cp "$work"/kernel/boot/vmlinuz-* "$work/iso/vmlinuz"
    rm -rf "$work/kernel" "$work/$package"_*.deb
}

copy_to_guest() { # a file, to the same place
    install -D "$1" "$work/guest$1"
}

# The tests, the libraries that they name, the golden files where the tests look for them.
fill_guest() {
    local test library file
    cp /bin/busybox "$work/guest/bin/"
    for test in "${tests[@]}"; do
        cp "$build/tests/$test" "$work/guest/tests/"
        ldd "$build/tests/$test" | grep -o '/[^ ]*' | while read -r library; do
            copy_to_guest "$library"
        done
    done
    for file in "$root"/tests/golden/*; do
        copy_to_guest "$file"
    done
    # The pause lets the serial line drain before the power goes.
    cat >"$work/guest/init" <<EOF
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin CI=
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
echo "== processor"
grep -m 1 'model name' /proc/cpuinfo
grep -m 1 flags /proc/cpuinfo | tr ' ' '\n' | grep -E '^(avx|fma|f16c)' | tr '\n' ' '
echo
failed=0
for test in ${tests[*]}; do
    echo "== \$test"
    status=0
    /tests/\$test </dev/null || status=\$?
    echo "== \$test: status \$status"
    failed=\$((failed + status)) # cmocka's status is the number of failed tests
done
echo "== end: \$failed failed"
sleep 2
poweroff -f
EOF
    chmod +x "$work/guest/init"
}

# Bochs announces XSAVES and XSAVEC, but for sizes that Linux finds wrong; it would then go without
# XSAVE, and so without AVX. What else is switched off makes the start shorter.
make_image() {
    (cd "$work/guest" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip >"$work/iso/initrd.gz"
    mkdir "$work/iso/isolinux"
    cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 \
        "$work/iso/isolinux/"
    local options="noxsaves clearcpuid=xsavec,xsaves nokaslr mitigations=off random.trust_cpu=on"
    cat >"$work/iso/isolinux/isolinux.cfg" <<EOF
default guest
prompt 0
label guest
  kernel /vmlinuz
  append initrd=/initrd.gz rdinit=/init console=ttyS0 quiet panic=-1 $options
EOF
    xorriso -report_about WARNING -as mkisofs -quiet -o "$work/guest.iso" \
        -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 \
        -boot-info-table "$work/iso" 2>"$work/xorriso.log" || {
        cat "$work/xorriso.log" >&2
        exit 1
    }
}

# Time in the guest runs by instructions (ips), so that a slow host changes nothing in there.
write_settings() {
    cat >"$work/bochsrc" <<EOF
config_interface: textconfig
display_library: term
cpu: model=$model, count=1, ips=50000000, reset_on_triple_fault=0
megs: 512
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1
ata0-master: type=cdrom, path=$work/guest.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/serial.txt
clock: sync=none
speaker: enabled=0
sound: driver=dummy
log: $work/bochs.log
panic: action=fatal
error: action=ignore
info: action=report
debug: action=ignore
EOF
    echo continue >"$work/debugger" # Debian's Bochs starts in its debugger
}

# Bochs shows its screen on a terminal that it opens itself and names; somebody has to read it, or
# the emulation stops once it is full. Ends with Bochs.
drain_screen() {
    local screen=
    while [[ -z $screen ]] && kill -0 "$bochs" 2>/dev/null; do
        sleep 0.2
        screen=$(grep -ao '/dev/pts/[0-9]*' "$work/bochs.out" | head -n 1) || true
    done
    stty raw -echo <"$screen"
    cat "$screen" >/dev/null
}

# Bochs's own exit status says nothing: that the guest switches itself off counts as a panic.
emulate() {
    : >"$work/serial.txt"
    TERM=linux timeout -k 5 "$limit_s" nice -n 19 \
        bochs-bin -q -f "$work/bochsrc" -rc "$work/debugger" </dev/null >"$work/bochs.out" 2>&1 &
    bochs=$!
    drain_screen 2>/dev/null &
    tail -n +1 -f --pid="$bochs" "$work/serial.txt" | sed -u 's/\r$//'
    wait "$bochs" || true
    bochs=
}

start=$SECONDS
fetch_kernel
fill_guest
make_image
write_settings
emulate
echo "== $((SECONDS - start)) s"

if ! grep -q 'the best level here is avx512' "$work/serial.txt"; then
    echo "FAILED: the best level there is not avx512"
    exit 1
fi

# The names of failed tests must be as many as the guest counted: a crash has a status but no name.
names=$(sed -n 's/^\[  FAILED  \] \([a-z0-9_]*\)\r*$/\1/p' "$work/serial.txt" | sort -u)
counted=$(sed -n 's/^== end: \([0-9]*\) failed\r*$/\1/p' "$work/serial.txt")
if [[ $counted == 0 || ($counted == 1 && $names == "$expected") ]]; then
    echo "passed: ${tests[*]}${names:+, but for $names, as expected}"
    exit 0
fi
echo "FAILED: a test failed, or the guest did not reach its end"
grep -a 'PANIC' "$work/bochs.log" >&2 || true
exit 1
