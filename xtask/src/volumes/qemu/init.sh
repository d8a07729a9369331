#!/bin/sh
# The only program of the guest: it reads the stick, tells when it begins and what came of it, and the host pulls the stick out.
export PATH=/bin DATABASE_URL=sqlite:///tmp/catchment.db
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
cd /tmp || exit
while read -r module; do insmod "/modules/$module"; done < /modules/order
mkdir /stick

tell() { echo "TRIAL $*"; }
query() { sqlite3 -cmd '.timeout 10000' catchment.db "$1"; }
rows() { query "SELECT SUM(is_available) || ' ' || SUM(1 - is_available) FROM content_index"; }

plug() {
    disk=
    while [ -z "$disk" ]; do
        sleep 0.1
        for at in /sys/block/sd*; do
            [ -e "$at/size" ] && [ "$(cat "$at/size")" != 0 ] && disk=${at##*/}
        done
    done
    mount -t vfat -o ro,utf8 "/dev/$disk" /stick
}

# Begins to read from cold memory, and all of it: with a condition no folder counts as unchanged. As many as left may be marked.
begin() {
    umount /stick
    plug
    before=$(query "SELECT MAX(id) FROM sync_runs")
    catchment sync "$volume" --type usb --where true --max-gone 100% --json > said 2>&1 &
    while [ -z "$(query "SELECT id FROM sync_runs WHERE id > $before AND started_at IS NOT NULL")" ]; do sleep 0.1; done
    tell "begin $1"
}

# How the attempt ended, once it did.
attempt() {
    query "SELECT COALESCE(a.error_code, 'none') || ' ' || r.status || ' ' || a.pages_after FROM sync_attempts a
           JOIN sync_runs r ON r.id = a.sync_run_id WHERE r.id > $before AND a.ended_at IS NOT NULL LIMIT 1"
}

plug
catchment sync /stick --type usb --json > said 2>&1
tell "first $? $(rows)"
volume=$(query "SELECT source_identifier FROM sync_runs")
begin 0
wait $!
tell "end 0 $? $(rows)"

number=0
while true; do
    number=$((number + 1))
    begin $number
    while [ -z "$(attempt)" ]; do sleep 0.2; done
    tell "yanked $number $(attempt) $(rows)"
    umount -l /stick
    tell "unplugged $number"
    plug
    wait $!
    tell "resumed $number $? $(rows)"
    begin $number
    wait $!
    tell "end $number $? $(rows)"
done
