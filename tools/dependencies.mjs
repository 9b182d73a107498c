#!/usr/bin/env node
// What a built program is made of besides its own source: every library that it or DuckDB's links,
// by Debian's package, and what comes from npm, with versions, licences and where their texts are.
//
//   tools/dependencies.mjs PROGRAM DIRECTORY    writes dependencies.json (CycloneDX 1.5),
//                                               dependencies.txt (the same to read) and licenses/
//
// The build runs it (cmake/dependency_list.cmake), so the list is of this very program.
import {execFileSync, spawnSync} from "node:child_process";
import {copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [program, directory] = process.argv.slice(2);
const run = (command, ...rest) => execFileSync(command, rest, {encoding: "utf8"});
const read = (...path) => readFileSync(join(root, ...path), "utf8");

// What ends up in the program or beside it; all else of the lock files only builds or tests.
const shipped = [
    {lock: "third_party/duckdb", name: "@duckdb/node-bindings-linux-x64", as: "DuckDB: libduckdb.so, beside the program"},
    {lock: "third_party/sqlite", name: "better-sqlite3", as: "SQLite's amalgamation, compiled in"},
    {lock: "web", name: "preact", as: "in the page's scripts"},
    {lock: "web", name: "uplot", as: "in the page's scripts"},
];
const building = [
    {lock: "third_party/duckdb", name: "duckdb", as: "duckdb.h, to build"},
    {lock: "web", name: "esbuild", as: "to build the page"},
    {lock: "web", name: "typescript", as: "to check the page's types"},
    {lock: "third_party/e2e", name: "playwright-core", as: "to test the page"},
    {lock: "third_party/e2e", name: "axe-core", as: "to test the page"},
];

// ---- Debian ----

// The libraries of a file, by name: where the loader finds them.
function linked(file) {
    const found = new Map();
    for (const line of run("ldd", file).split("\n")) {
        const [, name, path] = /^\s*(\S+) => (\S+) \(/.exec(line) ?? /^\s*(\/\S+()) \(/.exec(line) ?? [];
        if (name) found.set(name.split("/").pop(), path || name);
    }
    return found;
}

// Which package each file is of. A file may be known by its name of before /lib became /usr/lib.
function packagesOf(paths) {
    const names = path => [...new Set([realpathSync(path), path])]
        .flatMap(name => [name, name.replace(/^\/usr/, ""), "/usr" + name]);
    const answer = spawnSync("dpkg-query", ["-S", ...new Set(paths.flatMap(names))], {encoding: "utf8"});
    const owners = new Map(answer.stdout.split("\n").filter(Boolean).map(line => {
        const [owner, file] = line.split(": ");
        return [file, owner.split(",")[0]];
    }));
    return paths.map(path => {
        return names(path).map(name => owners.get(name)).find(Boolean) ?? null;
    });
}

function debian(line, libraries) {
    const [name, version, source, architecture] = line.split("\t");
    const text = `/usr/share/doc/${name}/copyright`;
    const found = (existsSync(text) ? readFileSync(text, "utf8") : "").matchAll(/^License:[ \t]*(\S.*)$/gm);
    const licenses = [...new Set([...found].map(m => m[1].trim()))];
    return {
        type: "library", "bom-ref": `pkg:deb/debian/${name}@${version}`, name, version, scope: "required",
        purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`,
        licenses: (licenses.length ? licenses : [`see ${text}`]).map(name => ({license: {name}})),
        properties: [
            {name: "rectrain:libraries", value: libraries.join(" ")},
            {name: "rectrain:source", value: source}, {name: "rectrain:license-text", value: text},
        ],
    };
}

function debianPackages(files) {
    const found = new Map(files.flatMap(file => [...linked(file)]));
    found.delete("libduckdb.so"); // npm's
    const libraries = [...found.keys()].sort();
    const owners = packagesOf(libraries.map(name => found.get(name)));
    const packages = [...new Set(owners)].filter(Boolean).sort();
    const format = "${Package}\t${Version}\t${source:Package}\t${Architecture}\n";
    const lines = packages.length === 0 ? [] : run("dpkg-query", "-W", "-f", format, ...packages).trim().split("\n").sort();
    const plain = owners.map(owner => owner?.split(":")[0]);
    const own = libraries.filter((_, i) => !plain[i]).map(name => ({
        type: "library", "bom-ref": `pkg:generic/${name}`, name, version: "unknown", scope: "required",
        purl: `pkg:generic/${name}`, licenses: [{license: {name: "unknown: of no package"}}],
        properties: [{name: "rectrain:libraries", value: name},
            {name: "rectrain:use", value: `somebody's own, ${found.get(name)}`}],
    }));
    return [...own, ...lines.map(line =>
        debian(line, libraries.filter((_, i) => plain[i] === line.split("\t")[0])))];
}

// ---- npm ----

function npm({lock, name, as}, scope) {
    const entry = JSON.parse(read(lock, "package-lock.json")).packages[`node_modules/${name}`];
    const at = join(root, lock, "node_modules", name);
    const text = ["LICENSE", "LICENSE.md", "LICENSE.txt"].find(file => existsSync(join(at, file)));
    const where = text ? `licenses/${name.replace(/[@/]+/g, "-").replace(/^-/, "")}.txt` : "";
    if (scope === "required" && !text) throw new Error(`${name} brings no text of its licence`);
    if (scope === "required") copyFileSync(join(at, text), join(directory, where));
    const made = {
        type: "library", "bom-ref": `pkg:npm/${name}@${entry.version}`, name, version: entry.version, scope,
        purl: `pkg:npm/${name.replace("@", "%40")}@${entry.version}`,
        licenses: [{license: {id: entry.license}}],
        hashes: [{alg: "SHA-512", content: Buffer.from(entry.integrity.replace("sha512-", ""), "base64").toString("hex")}],
        properties: [{name: "rectrain:use", value: as}],
    };
    if (scope === "required") made.properties.push({name: "rectrain:license-text", value: where});
    return made;
}

function sqlite() {
    const header = read("third_party/sqlite/node_modules/better-sqlite3/deps/sqlite3/sqlite3.h");
    const version = /#define SQLITE_VERSION\s+"([^"]+)"/.exec(header)[1];
    return {
        type: "library", "bom-ref": `pkg:generic/sqlite@${version}`, name: "sqlite", version, scope: "required",
        purl: `pkg:generic/sqlite@${version}`, licenses: [{license: {id: "blessing"}}],
        properties: [
            {name: "rectrain:use", value: "compiled in, from better-sqlite3"},
            {name: "rectrain:license-text", value: "public domain: https://sqlite.org/copyright.html"},
        ],
    };
}

// ---- all of it ----

function table(components) {
    const value = (one, name) => one.properties.find(p => p.name === `rectrain:${name}`)?.value ?? "";
    const rows = components.map(one => [
        one.name, one.version, one.licenses.map(l => l.license.id ?? l.license.name).join(", "),
        value(one, "use") || value(one, "libraries"), value(one, "license-text"),
    ]);
    const head = ["component", "version", "licences", "use or libraries", "text of the licence"];
    return [head, ...rows].map(row => row.join("\t")).join("\n") + "\n";
}

mkdirSync(join(directory, "licenses"), {recursive: true});
const duckdb = join(dirname(program), "lib/libduckdb.so");
const components = [
    ...shipped.map(one => npm(one, "required")), sqlite(),
    ...debianPackages([program, duckdb]),
    ...building.map(one => npm(one, "excluded")),
];
const version = run(program, "--version").trim().split(" ")[1];
writeFileSync(join(directory, "dependencies.json"), JSON.stringify({
    bomFormat: "CycloneDX", specVersion: "1.5", version: 1,
    metadata: {component: {type: "application", name: "rectrain", version, licenses: [{license: {id: "MIT"}}]}},
    components,
}, null, 1) + "\n");
writeFileSync(join(directory, "dependencies.txt"), table(components));
