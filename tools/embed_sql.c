/*
 * Make the SQL files part of the program:
 *
 *   embed_sql OUT.h OUT.c FILE.sql …
 *
 * NNNN_name.sql is a migration: its whole text, numbered NNNN from 0001 without a gap. Any other
 * file holds named queries, each after a line "-- name: job_claim", and parts, each after
 * "-- part: job_columns", which a query inserts by writing {job_columns}. A name that stands in
 * sqlite.sql or postgres.sql must stand in both. OUT.h has an enum of the queries; OUT.c the texts
 * of queries, parts and migrations. Comment lines are left out.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 256, NAME_MAX_BYTES = 64, LINE_MAX_BYTES = 1024 };

/* Where a query came from: both dialects, or one of them. */
enum dialect { COMMON, SQLITE, POSTGRES };

struct entry {
    char name[NAME_MAX_BYTES];
    bool has[3]; /* by dialect */
};

static struct entry queries[NAMES_MAX];
static int query_count, migration_count;
static FILE *out_c;

static void die(const char *file, const char *what)
{
    fprintf(stderr, "embed_sql: %s: %s\n", file, what);
    exit(1);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void add_query(const char *file, const char *name, enum dialect dialect)
{
    for (int i = 0; i < query_count; i++) {
        if (strcmp(queries[i].name, name) != 0)
            continue;
        if (queries[i].has[dialect] || dialect == COMMON || queries[i].has[COMMON])
            die(file, "a name stands twice");
        queries[i].has[dialect] = true;
        return;
    }
    if (query_count == NAMES_MAX)
        die(file, "too many queries");
    snprintf(queries[query_count].name, NAME_MAX_BYTES, "%s", name);
    queries[query_count++].has[dialect] = true;
}

static void put_line(const char *line)
{
    fputs("    \"", out_c);
    for (; *line != '\0' && *line != '\n'; line++) {
        if (*line == '"' || *line == '\\')
            fputc('\\', out_c);
        fputc(*line, out_c);
    }
    fputs("\\n\"\n", out_c);
}

/* "-- name: job_claim" → "job_claim", or NULL. */
static const char *heading(char *line, const char *mark)
{
    if (strncmp(line, mark, strlen(mark)) != 0)
        return NULL;
    char *name = line + strlen(mark);
    size_t len = 0;
    while (islower((unsigned char)name[len]) || isdigit((unsigned char)name[len]) ||
           name[len] == '_')
        len++;
    name[len] = '\0';
    return len > 0 && len < NAME_MAX_BYTES ? name : NULL;
}

static void embed_queries(FILE *in, const char *path)
{
    char line[LINE_MAX_BYTES];
    const char *file = base_name(path);
    const enum dialect dialect = strcmp(file, "sqlite.sql") == 0     ? SQLITE
                                 : strcmp(file, "postgres.sql") == 0 ? POSTGRES
                                                                     : COMMON;
    static const char *const prefixes[] = {"common", "sqlite", "postgres"};
    bool inside = false;
    while (fgets(line, sizeof(line), in) != NULL) {
        const char *name = heading(line, "-- name: "), *part = NULL;
        if (name == NULL)
            part = heading(line, "-- part: ");
        if ((name != NULL || part != NULL) && inside)
            fputs("    ;\n", out_c);
        if (name != NULL)
            add_query(path, name, dialect);
        if (name != NULL)
            fprintf(out_c, "static const char %s_%s[] = \"\"\n", prefixes[dialect], name);
        else if (part != NULL)
            fprintf(out_c, "static const char part_%s[] = \"\"\n", part);
        inside |= name != NULL || part != NULL;
        if (name != NULL || part != NULL || strncmp(line, "--", 2) == 0 || line[0] == '\n')
            continue;
        if (!inside)
            die(path, "text before the first name");
        put_line(line);
    }
    if (inside)
        fputs("    ;\n", out_c);
}

static void embed_migration(FILE *in, const char *path)
{
    char line[LINE_MAX_BYTES];
    if (strtol(base_name(path), NULL, 10) != ++migration_count)
        die(path, "migrations must be numbered from 0001 without a gap");
    fprintf(out_c, "static const char migration_%d[] =\n", migration_count);
    while (fgets(line, sizeof(line), in) != NULL)
        if (strncmp(line, "--", 2) != 0 && line[0] != '\n')
            put_line(line);
    fputs("    ;\n", out_c);
}

static void put_tables(FILE *out_h, int parts, char part_names[][NAME_MAX_BYTES])
{
    fputs("/* Made by tools/embed_sql from src/store/sql: do not edit. */\n"
          "#ifndef STORE_QUERIES_H\n#define STORE_QUERIES_H\n\nenum query {\n",
          out_h);
    for (int i = 0; i < query_count; i++)
        fprintf(out_h, "    QUERY_%s,\n", queries[i].name);
    fprintf(out_h, "    QUERY_COUNT\n};\nenum { MIGRATION_COUNT = %d, PART_COUNT = %d };\n\n",
            migration_count, parts);
    fputs("struct query_text {\n    const char *name, *sqlite, *postgres;\n};\n"
          "struct part_text {\n    const char *name, *text;\n};\n"
          "extern const struct query_text query_texts[QUERY_COUNT];\n"
          "extern const struct part_text part_texts[PART_COUNT];\n"
          "extern const char *const migration_texts[MIGRATION_COUNT];\n\n#endif\n",
          out_h);
    fputs("const struct query_text query_texts[QUERY_COUNT] = {\n", out_c);
    for (int i = 0; i < query_count; i++) {
        const struct entry *entry = &queries[i];
        if (!entry->has[COMMON] && !(entry->has[SQLITE] && entry->has[POSTGRES]))
            die(entry->name, "stands in one dialect's file only");
        fprintf(out_c, "    {\"%s\", %s_%s, %s_%s},\n", entry->name,
                entry->has[COMMON] ? "common" : "sqlite", entry->name,
                entry->has[COMMON] ? "common" : "postgres", entry->name);
    }
    fputs("};\nconst struct part_text part_texts[PART_COUNT] = {\n", out_c);
    for (int i = 0; i < parts; i++)
        fprintf(out_c, "    {\"%s\", part_%s},\n", part_names[i], part_names[i]);
    fputs("};\nconst char *const migration_texts[MIGRATION_COUNT] = {\n", out_c);
    for (int i = 1; i <= migration_count; i++)
        fprintf(out_c, "    migration_%d,\n", i);
    fputs("};\n", out_c);
}

/* The names of the parts, which the tables list after all texts. */
static int find_parts(FILE *in, char names[][NAME_MAX_BYTES], int count)
{
    char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof(line), in) != NULL) {
        const char *name = heading(line, "-- part: ");
        if (name != NULL && count < NAMES_MAX)
            snprintf(names[count++], NAME_MAX_BYTES, "%s", name);
    }
    rewind(in);
    return count;
}

int main(int argc, char **argv)
{
    static char part_names[NAMES_MAX][NAME_MAX_BYTES];
    int parts = 0;
    if (argc < 4)
        die("usage", "embed_sql OUT.h OUT.c FILE.sql …");
    FILE *out_h = fopen(argv[1], "w");
    out_c = fopen(argv[2], "w");
    if (out_h == NULL || out_c == NULL)
        die(argv[1], "cannot be written");
    fputs("/* Made by tools/embed_sql from src/store/sql: do not edit. */\n"
          "#include \"store/queries.h\"\n\n",
          out_c);
    for (int i = 3; i < argc; i++) {
        FILE *in = fopen(argv[i], "r");
        if (in == NULL)
            die(argv[i], "cannot be read");
        parts = find_parts(in, part_names, parts);
        if (isdigit((unsigned char)base_name(argv[i])[0]))
            embed_migration(in, argv[i]);
        else
            embed_queries(in, argv[i]);
        fclose(in);
    }
    put_tables(out_h, parts, part_names);
    if (fclose(out_h) != 0 || fclose(out_c) != 0)
        die(argv[1], "cannot be written");
    return 0;
}
