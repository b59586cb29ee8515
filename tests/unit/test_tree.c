/* Folders with everything in them: base/tree.c. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/tree.h"

static char root[64];

static int make_root(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/sc-tree-XXXXXX");
    return mkdtemp(root) ? 0 : 1;
}

static int end_root(void **state) {
    (void)state;
    return sc_tree_remove(root, NULL) == SC_OK && access(root, F_OK) ? 0 : 1;
}

static const char *in_root(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void put(const char *name, size_t n) {
    int fd = open(in_root(name), O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    char block[4096];
    memset(block, 1, sizeof block);
    for (size_t at = 0; at < n; at += sizeof block)
        assert_int_equal(write(fd, block, sizeof block), sizeof block);
    close(fd);
}

static void size_is_what_lies_on_disk_and_no_link_is_followed(void **state) {
    (void)state;
    sc_tree_size s;
    assert_int_equal(mkdir(in_root("a"), 0755), 0);
    put("a/file", 1 << 20);
    assert_int_equal(symlink("/usr", in_root("usr")), 0);
    int fd = open(in_root("hole"), O_CREAT | O_WRONLY, 0600);
    assert_int_equal(ftruncate(fd, INT64_C(1) << 32), 0);
    close(fd);
    assert_int_equal(sc_tree_measure(root, 0, 0, &s, NULL), SC_OK);
    assert_int_equal(s.entries, 4);
    assert_true(s.bytes >= 1 << 20 && s.bytes < 2 << 20);
    assert_int_equal(sc_tree_measure(root, 1 << 19, 0, &s, NULL), SC_TOO_LARGE);
    assert_int_equal(sc_tree_measure(root, 0, 3, &s, NULL), SC_TOO_LARGE);
    assert_int_equal(sc_tree_measure(in_root("usr"), 0, 0, &s, NULL), SC_NOT_FOUND);
    assert_int_equal(sc_tree_measure(in_root("none"), 0, 0, &s, NULL), SC_NOT_FOUND);
}

static void removal_leaves_what_links_point_to(void **state) {
    (void)state;
    put("stays", 4096);
    assert_int_equal(mkdir(in_root("goes"), 0755), 0);
    char to[128];
    snprintf(to, sizeof to, "%s/stays", root);
    assert_int_equal(symlink(to, in_root("goes/file-link")), 0);
    assert_int_equal(symlink(root, in_root("goes/dir-link")), 0);
    assert_int_equal(sc_tree_remove(in_root("goes"), NULL), SC_OK);
    assert_int_equal(access(in_root("goes"), F_OK), -1);
    assert_int_equal(access(in_root("stays"), F_OK), 0);
    assert_int_equal(symlink(root, in_root("link")), 0);
    assert_int_equal(sc_tree_remove(in_root("link"), NULL), SC_OK); /* the link itself */
    assert_int_equal(access(in_root("stays"), F_OK), 0);
    assert_int_equal(sc_tree_remove(in_root("never-was"), NULL), SC_OK);
}

static void a_tree_without_permissions_goes(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_root("locked"), 0755), 0);
    assert_int_equal(mkdir(in_root("locked/in"), 0755), 0);
    put("locked/in/file", 10);
    assert_int_equal(chmod(in_root("locked/in"), 0), 0);
    assert_int_equal(chmod(in_root("locked"), 0), 0);
    assert_int_equal(sc_tree_remove(in_root("locked"), NULL), SC_OK);
    assert_int_equal(access(in_root("locked"), F_OK), -1);
}

static void a_tree_deeper_than_any_path_goes_and_is_not_measured(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_root("deep"), 0755), 0);
    int fd = open(in_root("deep"), O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 3000; i++) { /* 3000 * 11 bytes: far over PATH_MAX */
        assert_int_equal(mkdirat(fd, "0123456789", 0755), 0);
        int next = openat(fd, "0123456789", O_RDONLY | O_DIRECTORY);
        assert_true(next >= 0);
        close(fd);
        fd = next;
    }
    int file = openat(fd, "file", O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    close(file);
    close(fd);
    sc_tree_size s;
    assert_int_equal(sc_tree_measure(in_root("deep"), 0, 0, &s, NULL), SC_TOO_LARGE);
    assert_int_equal(sc_tree_remove(in_root("deep"), NULL), SC_OK);
    assert_int_equal(access(in_root("deep"), F_OK), -1);
}

static int mode_of(const char *name) {
    struct stat st;
    assert_int_equal(lstat(in_root(name), &st), 0);
    return (int)(st.st_mode & 07777);
}

static void a_copy_follows_no_link_and_keeps_modes_and_times(void **state) {
    (void)state;
    char from[128], to[128], target[64];
    struct stat a, b;
    snprintf(from, sizeof from, "%s/from", root);
    snprintf(to, sizeof to, "%s/to", root);
    assert_int_equal(sc_tree_copy(from, to, 1 << 20, 100, NULL, NULL), SC_NOT_FOUND);
    assert_int_equal(mkdir(in_root("from"), 0755), 0);
    assert_int_equal(mkdir(in_root("from/dir"), 0500), 0);
    put("from/file", 8192);
    assert_int_equal(chmod(in_root("from/file"), 04755), 0);
    assert_int_equal(symlink("/usr", in_root("from/usr")), 0);
    assert_int_equal(mkfifo(in_root("from/pipe"), 0600), 0);
    assert_int_equal(chmod(in_root("from/dir"), 0700), 0);
    put("from/dir/inner", 4096);
    assert_int_equal(chmod(in_root("from/dir"), 0500), 0);
    assert_int_equal(utimensat(AT_FDCWD, in_root("from/file"),
                               (const struct timespec[2]){{1000, 5}, {2000, 7}}, 0),
                     0);
    assert_int_equal(sc_tree_copy(from, to, 1 << 20, 100, NULL, NULL), SC_OK);
    assert_int_equal(mode_of("to/file"), 0755); /* whose it is nobody needs to become */
    assert_int_equal(mode_of("to/dir"), 0500);
    assert_int_equal(access(in_root("to/dir/inner"), F_OK), 0);
    assert_int_equal(access(in_root("to/pipe"), F_OK), -1);
    assert_int_equal(readlink(in_root("to/usr"), target, sizeof target), 4);
    assert_int_equal(lstat(in_root("from/file"), &a), 0);
    assert_int_equal(lstat(in_root("to/file"), &b), 0);
    assert_int_equal(a.st_size, b.st_size);
    assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
    assert_int_equal(b.st_mtim.tv_sec, 2000);
    assert_int_equal(sc_tree_copy(from, to, 1 << 20, 100, NULL, NULL), SC_IO); /* it is there */
    assert_int_equal(sc_tree_remove(to, NULL), SC_OK);
    assert_int_equal(sc_tree_copy(from, to, 12000, 100, NULL, NULL), SC_TOO_LARGE);
    assert_int_equal(sc_tree_remove(to, NULL), SC_OK);
    assert_int_equal(sc_tree_copy(from, to, 1 << 20, 4, NULL, NULL), SC_TOO_LARGE);
    assert_int_equal(sc_tree_remove(to, NULL), SC_OK);
    _Atomic bool stop = true;
    assert_int_equal(sc_tree_copy(from, to, 1 << 20, 100, &stop, NULL), SC_CANCELLED);
    assert_int_equal(sc_tree_remove(to, NULL), SC_OK);
    assert_int_equal(truncate(in_root("from/file"), INT64_C(1) << 40), 0); /* a hole */
    assert_int_equal(sc_tree_copy(from, to, 1 << 20, 100, NULL, NULL), SC_TOO_LARGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(size_is_what_lies_on_disk_and_no_link_is_followed,
                                        make_root, end_root),
        cmocka_unit_test_setup_teardown(a_copy_follows_no_link_and_keeps_modes_and_times, make_root,
                                        end_root),
        cmocka_unit_test_setup_teardown(removal_leaves_what_links_point_to, make_root, end_root),
        cmocka_unit_test_setup_teardown(a_tree_without_permissions_goes, make_root, end_root),
        cmocka_unit_test_setup_teardown(a_tree_deeper_than_any_path_goes_and_is_not_measured,
                                        make_root, end_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
