"""Hostile data paths over the API, each by name, and links that are swapped while data is read. Data
lies inside of the data root and outside of it; whoever reads the outside has escaped.

    paths.py                 all paths and a small race; as the ordinary tests run it
    paths.py --race 10000    that many reads while links are swapped (release size)

RECTRAIN names the program, RECTRAIN_BUILD its build directory, PYTHONPATH tests/support.
"""

import argparse
import os
import sys
import threading

from bad_data import Kit, Tap
from data_tables import SMALL, clicks
from stack import Stack

ROWS_INSIDE, ROWS_OUTSIDE = 8, 16
CHECK = "/api/v1/data_sources/check"


def make_tree(stack):
    """TOP/data (the root) with a, a/deep, and links; TOP/outside and TOP/data-secret beside it."""
    kit, root, top = Kit(), stack.data_root, stack.room.directory
    for place, rows in ((root / "a", SMALL), (root / "a" / "deep", SMALL),
                        (top / "outside", f"{SMALL} UNION ALL {SMALL}"),
                        (top / "data-secret", f"{SMALL} UNION ALL {SMALL}")):
        place.mkdir()
        clicks(rows)(place, kit)
    for name, target in (
            ("out", "../outside"), ("absolute", top / "outside"), ("up", ".."), ("top", "/"),
            ("self", "self"), ("proc", "/proc/self/root"), ("fd", "/proc/self/fd"),
            ("cwd", "/proc/self/cwd"), ("chain", "out"), ("dotted", "a/../../outside"),
            ("inside", "a"), ("file", "../outside/clickstream.pq")):
        (root / name).symlink_to(target)
    for name, linked in (("linked", "clickstream.pq"), ("linked-events", "events.pq")):
        (root / name).mkdir()
        clicks(SMALL)(root / name, kit)
        (root / name / linked).unlink()
        (root / name / linked).symlink_to(top / "outside" / linked)
    (root / "parts").mkdir()
    os.link(root / "a" / "events.pq", root / "parts" / "events.pq")
    (root / "parts" / "clickstream").symlink_to(top / "outside")
    os.mkfifo(root / "pipe")
    return root, top


def hostile_paths(root, top):
    """Name → path. Some are spelled in many ways, as filters miss one of them."""
    outside, secret = top / "outside", top / "data-secret"
    climbs = {f"up {n} times": "../" * n + str(outside)[1:] for n in (1, 2, 3, 5, 9, 40)}
    spelled = {
        "up and in": f"{root}/../outside", "up behind a directory": f"{root}/a/../../outside",
        "up with doubled slashes": f"{root}//a//..//..//outside",
        "up with dots between": f"{root}/./a/./.././.././outside",
        "up behind what is not there": f"{root}/none/../../outside",
        "up relative": "../outside", "up relative from a": "a/../../outside",
        "up by dots alone": "..", "up with a slash": "../", "up twice": "../..",
        "three dots": "...", "four dots": "....//....//outside", "up and a NUL's name": "..%00/outside",
        "escaped": "%2e%2e%2foutside", "escaped twice": "%252e%252e%252foutside",
        "overlong": "..%c0%af..%c0%afoutside", "backslashes": "..\\outside",
        "backslashes and slashes": "..\\/outside", "a full-width solidus": "..／outside",
        "a full-width dot": "．．/outside", "one dot leader": "․․/outside",
        "a zero-width space": "..\u200b/outside", "turned about": "\u202e/outside",
        "a space before": f" {outside}", "a space behind": f"{outside} ", "a tab": f"\t{outside}",
        "a line's end": f"{outside}\n", "a CR": f"{outside}\r",
        "quotes": f'"{outside}"', "apostrophes": f"'{outside}'", "a tilde": "~", "a home": "~root",
        "a variable": "$HOME", "a variable in braces": "${DATA_ROOTS}/../outside",
        "a command": "$(id)", "a command in ticks": "`id`", "a pipe to a command": "|id",
        "an option": "--help", "a short option": "-rf", "a semicolon": f"{root};{outside}",
        "a colon": f"{root}:{outside}", "two paths": f"{root} {outside}",
        "a list of DuckDB": f"['{outside}/clickstream.pq']", "SQL": "'; COPY x TO '/tmp/x'; --"}
    places = {
        "the outside": outside, "a name that goes on": secret, "the top": "/", "/etc": "/etc",
        "/etc/passwd": "/etc/passwd", "/dev": "/dev", "/dev/zero": "/dev/zero",
        "/dev/stdin": "/dev/stdin", "/dev/fd": "/dev/fd", "/proc": "/proc",
        "the program's memory": "/proc/self/mem", "its environment": "/proc/self/environ",
        "its root": f"/proc/self/root{outside}", "its directory": "/proc/self/cwd/../outside",
        "a descriptor": "/proc/self/fd/3", "another process's root": f"/proc/1/root{outside}",
        "the kernel": "/sys/kernel", "the models": top / "ml_models", "the store": top / "ml_results.db",
        "a file of the root": root / "a" / "clickstream.pq", "a pipe": root / "pipe"}
    links = {f"a link: {name}": root / name for name in (
        "out", "absolute", "up", "top", "self", "proc", "fd", "cwd", "chain", "dotted", "file",
        "linked", "linked-events", "parts")}
    through = {
        "a link and on": root / "top" / str(outside)[1:], "a link and up": root / "inside" / ".." / ".."
        / "outside", "a link's parent": f"{root}/out/../outside",
        "a link to the root of all": root / "proc" / str(outside)[1:],
        "a link to above": root / "up" / "outside", "a link by name": "out", "a chain by name": "chain"}
    patterns = {
        "a pattern outside": f"{outside}/*.pq", "a pattern that climbs": f"{root}/../*/clickstream.pq",
        "a pattern of links": f"{root}/o*/clickstream.pq", "a pattern of dots": f"{root}/.?/outside/*.pq",
        "a pattern through a link": f"{root}/out/click*.pq", "a pattern of all": "/*",
        "a class that has a slash": f"{root}[/]..[/]outside", "a pattern of pipes": f"{root}/pip?",
        "stars": "*" * 500, "brackets": "[" * 500, "a pattern relative": "../out*/*.pq"}
    schemes = {f"the scheme {one}": f"{one}://{outside}" for one in (
        "file", "http", "https", "s3", "gs", "hf", "ftp", "data")} | {
        "a share": "\\\\evil.example\\share", "a share with slashes": "//evil.example/share",
        "a link of the web": "http://127.0.0.1:1/clickstream.pq", "an archive": f"zip://{outside}.zip"}
    sizes = {"nothing": "", "a space": " ", "a dot": "./.././outside", "4,095 letters": "/" + "a" * 4094,
             "5,000 letters": "/" + "a" * 5000, "a name of 300 letters": f"{root}/{'a' * 300}",
             "1,000 directories": f"{root}" + "/a" * 1000, "2,000 dots up": "../" * 1300}
    for family in (climbs, spelled, places, links, through, patterns, schemes, sizes):
        yield from ((name, str(path)) for name, path in family.items())


def is_refused(client, stack, path):
    """"": neither a look nor a job gets anywhere with the path; else what came back."""
    body = {"data_path": path, "model_type": "popular", "eval_days": 1}
    answer = client.post(CHECK, json=body)
    if answer.status != 422 or "root:" in answer.text or not answer.json()["errors"]:
        return f"the look: {answer}"
    fields = [one["field"] for one in answer.json()["errors"]]
    if "data_path" not in fields:
        return f"the look: {answer}"
    answer = client.post("/start_training/", form=body)
    # A job may be asked for where only its own reading can tell; it is refused there as above.
    if answer.status not in (202, 422):
        return f"the job: {answer}"
    return ""


def swap(place, inside, outside, stop):
    """Put the one and the other in the place of a name, as fast as it goes; each step is atomic."""
    number = 0
    while not stop.is_set():
        for target in (inside, outside):
            number += 1
            fresh = place.with_name(f".swap{number % 2}")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(target)
            os.replace(fresh, place)


def race(client, path, count):
    """How often the inside was read, how often nothing, and how often the outside."""
    counts = {"inside": 0, "refused": 0, "outside": 0}
    for _ in range(count):
        answer = client.post(CHECK, json={"data_path": str(path), "model_type": "popular",
                                          "eval_days": 1})
        if answer.status == 422:
            counts["refused"] += 1
        else:
            assert answer.status == 200, answer
            counts["inside" if answer.json()["rows"] == ROWS_INSIDE else "outside"] += 1
    return counts


def run_races(tap, stack, root, top, count):
    """A directory's link, and a file's."""
    client = stack.client()
    (root / "raced").mkdir()
    for name in ("events.pq", "good.pq"):
        os.link(root / "a" / name.replace("good", "clickstream"), root / "raced" / name)
    for what, place, inside, outside, path in (
            ("directory", root / "swapped", "a", "../outside", root / "swapped"),
            ("file", root / "raced" / "clickstream.pq", "good.pq",
             top / "outside" / "clickstream.pq", root / "raced")):
        stop = threading.Event()
        thread = threading.Thread(target=swap, args=(place, inside, outside, stop), daemon=True)
        thread.start()
        counts = race(client, path, count // 2)
        stop.set()
        thread.join()
        tap.say(counts["outside"] == 0 and sum(counts.values()) == count // 2,
                f"a {what}'s link that is swapped leads nowhere else", f"{counts}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--race", type=int, default=40)
    options = parser.parse_args()
    tap = Tap()
    with Stack("sqlite", workers=0, data=False, environment={"MAX_JOBS_PER_USER": "100000"}) as stack:
        root, top = make_tree(stack)
        client = stack.client()
        for good in (root / "a", root / "inside", "a", root / "a" / "deep", f"{root}/a/deep/.."):
            answer = client.post(CHECK, json={"data_path": str(good), "model_type": "popular",
                                              "eval_days": 1})
            tap.say(answer.status == 200 and answer.json()["rows"] == ROWS_INSIDE,
                    f"{str(good).replace(str(root), 'ROOT')} is read", f"{answer.status}")
        paths = list(hostile_paths(root, top))
        for name, path in paths:
            why = is_refused(client, stack, path)
            tap.say(not why, f"refused: {name}", why)
        tap.say(len(paths) >= 80 and len(dict(paths)) == len(paths), f"there are {len(paths)} paths")
        run_races(tap, stack, root, top, options.race)
        tap.say(stack.server.is_running(), "the server is alive")
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    sys.exit(main())
