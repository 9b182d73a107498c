/*
 * Make a file part of the program:  embed_file NAME INPUT OUTPUT.c
 *
 * writes `const char NAME[]` with the file's bytes and a NUL, and `const unsigned long NAME_size`
 * without it.
 */
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *path)
{
    perror(path);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    unsigned long size = 0;
    if (argc != 4) {
        fputs("usage: embed_file NAME INPUT OUTPUT.c\n", stderr);
        return 2;
    }
    FILE *in = fopen(argv[2], "rb"), *out = fopen(argv[3], "w");
    if (in == NULL)
        return fail(argv[2]);
    if (out == NULL)
        return fail(argv[3]);
    fprintf(out, "extern const char %s[];\nextern const unsigned long %s_size;\n", argv[1],
            argv[1]);
    fprintf(out, "const char %s[] = {", argv[1]);
    for (int c = getc(in); c != EOF; c = getc(in), size++)
        fprintf(out, "%s%d,", size % 20 == 0 ? "\n" : "", c > 127 ? c - 256 : c);
    fprintf(out, "0};\nconst unsigned long %s_size = %lu;\n", argv[1], size);
    if (ferror(in) != 0 || fclose(in) != 0)
        return fail(argv[2]);
    if (ferror(out) != 0 || fclose(out) != 0)
        return fail(argv[3]);
    return EXIT_SUCCESS;
}
