/* Making names in directories last: a file's own sync does not cover the name under which it is found. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

/* 0 or an errno. */
int file_sync_directory(const char *path);
int file_sync_parent(const char *path); /* the directory that holds the last name of path */

#endif
