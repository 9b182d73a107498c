/*
 * Make the built web page part of the program:
 *
 *   embed_assets OUT.c SITE
 *
 * SITE/files.list has a line for each file: its path, the hash of its bytes, and 1 where the name
 * carries that hash (web/build.mjs makes it, sorted by path). FILE.gz and FILE.br are its
 * compressed variants, where they are there and smaller. OUT.c defines `web_assets`, the table of
 * http/assets.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 512, PATH_MAX_BYTES = 512, VARIANTS = 3 };

static const char *const endings[VARIANTS] = {"", ".gz", ".br"};

struct file {
    char path[PATH_MAX_BYTES], hash[65];
    int is_hashed;
    size_t sizes[VARIANTS]; /* 0: there is no such variant */
};

static struct file files[FILES_MAX];

static void die(const char *file, const char *what)
{
    fprintf(stderr, "embed_assets: %s: %s\n", file, what);
    exit(1);
}

static size_t size_of(FILE *in, const char *path)
{
    long size = -1;
    if (fseek(in, 0, SEEK_END) == 0)
        size = ftell(in);
    if (size < 0 || fseek(in, 0, SEEK_SET) != 0)
        die(path, "cannot be read");
    return (size_t)size;
}

/* The bytes as an array of C, named by the file's number and the variant's. */
static void put_bytes(FILE *out, FILE *in, int number, int variant)
{
    int column = 0;
    fprintf(out, "static const unsigned char file_%d_%d[] = {", number, variant);
    for (int byte = fgetc(in); byte != EOF; byte = fgetc(in))
        fprintf(out, "%s%d,", column++ % 24 == 0 ? "\n" : "", byte);
    fprintf(out, "0};\n"); /* one more, so that no array is empty */
}

static void put_file(FILE *out, const char *site, int number)
{
    struct file *file = &files[number];
    for (int variant = 0; variant < VARIANTS; variant++) {
        char path[3 * PATH_MAX_BYTES];
        snprintf(path, sizeof(path), "%s/%s%s", site, file->path, endings[variant]);
        FILE *in = fopen(path, "rb");
        if (in == NULL && variant == 0)
            die(path, "cannot be read");
        if (in == NULL)
            continue;
        const size_t size = size_of(in, path);
        if (variant == 0 || size < file->sizes[0]) {
            file->sizes[variant] = size;
            put_bytes(out, in, number, variant);
        }
        if (ferror(in))
            die(path, "cannot be read");
        fclose(in);
    }
}

static void put_variant(FILE *out, int number, int variant)
{
    const size_t size = files[number].sizes[variant];
    if (variant > 0 && size == 0)
        fprintf(out, ", {0}");
    else
        fprintf(out, ", {file_%d_%d, %zu}", number, variant, size);
}

static int read_list(const char *site)
{
    char path[2 * PATH_MAX_BYTES], line[PATH_MAX_BYTES + 80];
    int count = 0;
    snprintf(path, sizeof(path), "%s/files.list", site);
    FILE *list = fopen(path, "r");
    if (list == NULL)
        die(path, "cannot be read");
    while (fgets(line, sizeof(line), list) != NULL) {
        struct file *file = &files[count];
        if (count == FILES_MAX)
            die(path, "too many files");
        if (sscanf(line, "%511s %64s %d", file->path, file->hash, &file->is_hashed) != 3)
            die(path, "a line is no path, hash and 0 or 1");
        if (count > 0 && strcmp(files[count - 1].path, file->path) >= 0)
            die(path, "the lines are not sorted");
        count++;
    }
    fclose(list);
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage", "embed_assets OUT.c SITE");
    const int count = read_list(argv[2]);
    FILE *out = fopen(argv[1], "w");
    if (out == NULL)
        die(argv[1], "cannot be written");
    fputs("/* Made by tools/embed_assets from the built web page: do not edit. */\n"
          "#include \"http/assets.h\"\n\nextern const struct asset_table web_assets;\n\n",
          out);
    for (int i = 0; i < count; i++)
        put_file(out, argv[2], i);
    fputs("static const struct asset assets[] = {\n", out);
    for (int i = 0; i < count; i++) {
        fprintf(out, "    {\"%s\", \"%s\", %s", files[i].path, files[i].hash,
                files[i].is_hashed ? "true" : "false");
        for (int variant = 0; variant < VARIANTS; variant++)
            put_variant(out, i, variant);
        fputs("},\n", out);
    }
    fprintf(out, "};\nconst struct asset_table web_assets = {assets, %d};\n", count);
    if (fclose(out) != 0)
        die(argv[1], "cannot be written");
    return 0;
}
