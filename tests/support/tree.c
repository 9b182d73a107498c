#include "support/tree.h"

#include <ftw.h>
#include <stdio.h>

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *at)
{
    (void)status;
    (void)flag;
    (void)at;
    return remove(path);
}

int tree_remove(const char *directory)
{
    return nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
