// Build the web page:
//
//   node build.mjs SITE [DEPFILE TARGET]    the page, for the program or for --web-dir
//   node build.mjs --tests DIRECTORY [DEPFILE TARGET]    the unit tests, as modules for Node.js
//
// SITE holds what /assets/ serves, each file with the hash of its content in its name and its
// compressed variants (.gz, .br) beside it, and pages/NAME.html, the templates that the server
// fills in, where {{asset app.js}} has become the file's address. files.list says what is there,
// a line each: path, hash, 1 where the name carries the hash. DEPFILE gets, in make's form, what
// the build has read.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const web = dirname(fileURLToPath(import.meta.url));
const common = {
    absWorkingDir: web,
    bundle: true,
    format: "esm",
    target: ["es2021"],
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
    loader: { ".md": "text" },
};

// The scripts and styles, into SITE. Returns esbuild's account of what came of what.
async function bundle(site) {
    const options = {
        ...common,
        minify: true,
        outdir: site,
        metafile: true,
        legalComments: "none",
        entryNames: "[name].[hash]",
        assetNames: "[name].[hash]",
        chunkNames: "chunk.[hash]",
        define: { "process.env.NODE_ENV": '"production"' },
    };
    const page = await build({
        ...options,
        entryPoints: { app: "src/main.tsx", style: "css/app.css" },
        splitting: true,
    });
    // Runs before the first paint, so it is no module.
    const early = await build({ ...options, format: "iife", entryPoints: { early: "src/early.ts" } });
    return {
        inputs: { ...page.metafile.inputs, ...early.metafile.inputs },
        outputs: { ...page.metafile.outputs, ...early.metafile.outputs },
    };
}

// "app.js" → "app.3F2A91BC.js", the entry of that name, and what it imports from the start.
function find_entry(outputs, name) {
    const [stem, kind] = name.split(".");
    const path = Object.keys(outputs).find(
        (key) => outputs[key].entryPoint && basename(key).startsWith(stem + ".") && key.endsWith("." + kind),
    );
    if (!path) throw new Error(`no entry makes ${name}`);
    const imports = outputs[path].imports.filter((i) => i.kind === "import-statement");
    return { path, imports: imports.map((i) => i.path) };
}

function fill_in(template, outputs) {
    return template
        .replace(/\{\{asset ([a-z.]+)\}\}/g, (_, name) => "/assets/" + basename(find_entry(outputs, name).path))
        .replace(/\{\{preload ([a-z.]+)\}\}/g, (_, name) =>
            find_entry(outputs, name)
                .imports.map((path) => `<link rel="modulepreload" href="/assets/${basename(path)}">`)
                .join(""),
        );
}

function compress(bytes) {
    const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
    return { gz: gzipSync(bytes, { level: 9 }), br: brotliCompressSync(bytes, brotli) };
}

async function build_site(site, depfile, target) {
    // The directory itself stays: a server that was started with --web-dir has it open.
    await mkdir(site, { recursive: true });
    for (const name of await readdir(site)) await rm(join(site, name), { recursive: true });
    await mkdir(join(site, "pages"));
    const { inputs, outputs } = await bundle(site);
    const sources = Object.keys(inputs).map((path) => join(web, path));
    const lines = [];
    const add = (path, bytes, is_hashed) => {
        const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 20);
        lines.push(`${path} ${hash} ${is_hashed ? 1 : 0}`);
    };

    for (const file of Object.keys(outputs).map((path) => basename(path))) {
        const bytes = await readFile(join(site, file));
        const variants = compress(bytes);
        await writeFile(join(site, file + ".gz"), variants.gz);
        await writeFile(join(site, file + ".br"), variants.br);
        add(file, bytes, true);
    }
    for (const file of ["favicon.svg"]) {
        const bytes = await readFile(join(web, file));
        await writeFile(join(site, file), bytes);
        sources.push(join(web, file));
        add(file, bytes, false);
    }
    for (const file of (await readdir(join(web, "pages"))).filter((name) => name.endsWith(".html"))) {
        const text = fill_in(await readFile(join(web, "pages", file), "utf8"), outputs);
        await writeFile(join(site, "pages", file), text);
        sources.push(join(web, "pages", file));
        add("pages/" + file, text, false);
    }
    await writeFile(join(site, "files.list"), lines.sort().join("\n") + "\n");
    await write_depfile(depfile, target, [...sources, join(web, "pages")]);
}

async function write_depfile(depfile, target, sources) {
    const read = sources.map((path) => path.replace(/ /g, "\\ "));
    if (depfile) await writeFile(depfile, `${target}: ${read.join(" ")}\n`);
}

async function build_tests(directory, depfile, target) {
    const names = (await readdir(join(web, "test"))).filter((name) => /_test\.tsx?$/.test(name));
    const { metafile } = await build({
        ...common,
        metafile: true,
        entryPoints: names.map((name) => "test/" + name),
        outdir: directory,
        platform: "node",
        outExtension: { ".js": ".mjs" },
        sourcemap: "inline",
    });
    const sources = Object.keys(metafile.inputs).map((path) => join(web, path));
    await write_depfile(depfile, target, [...sources, join(web, "test")]);
}

const [first, ...rest] = process.argv.slice(2);
const is_tests = first === "--tests";
const [directory, ...dependencies] = is_tests ? rest : [first, ...rest];
if (!directory || directory.startsWith("-") || dependencies.length % 2 !== 0 || dependencies.length > 2) {
    console.error("usage: node build.mjs [--tests] DIRECTORY [DEPFILE TARGET]");
    process.exit(2);
}
await (is_tests ? build_tests : build_site)(resolve(directory), ...dependencies);
