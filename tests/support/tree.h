#ifndef TESTS_SUPPORT_TREE_H
#define TESTS_SUPPORT_TREE_H

/* Remove a directory with all that is in it; links are removed, not followed. 0, or -1 and errno.
 */
int tree_remove(const char *directory);

#endif
