/*
 * The least that turning mbox files into Maildirs takes: finds where messages begin, and for each creates a file, writes
 * it, sets its time and closes it. Two processes. It hashes nothing, parses nothing, gives no UIDs or flags, flushes
 * nothing, checks nothing, and cannot be run a second time.
 *
 *   floor TARGET SPOOL...       messages of SPOOL go to TARGET/.NAME/cur, NAME being the last part of its path
 *
 * Several spools are dealt out to both processes in turn; one alone is cut in two.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WINDOW (1 << 20)
#define NEEDLE "\n\nFrom "
#define NEEDLE_LENGTH 7

static char window[WINDOW];

static void write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0) err(1, "write");
    bytes += written;
    length -= written;
  }
}

static int create_message(int cur, int part, unsigned number) {
  char name[64];
  snprintf(name, sizeof name, "1420070400.M%dP%u.floor:2,S", part, number);
  int fd = openat(cur, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) err(1, "%s", name);
  return fd;
}

static void close_message(int fd, unsigned number) {
  struct timespec times[2] = {{1420070400 + number, 0}, {1420070400 + number, 0}};
  if (futimens(fd, times) != 0 || close(fd) != 0) err(1, "closing a message");
}

/* Behind the From_ line at `at`. One that is cut by the window's end does not occur: lines are short. */
static size_t behind_line(size_t at, size_t have) {
  char *end = memchr(window + at, '\n', have - at);
  return end == NULL ? have : (size_t)(end - window) + 1;
}

/* Messages that begin in [from, to) of the spool; `from` is the place of a From_ line. */
static void convert(int spool, off_t from, off_t to, int cur, int part) {
  size_t have = 0, scanned = 0, begin = 0;
  unsigned number = 0;
  off_t offset = from; /* of the window's end */
  int message = -1, last = 0;
  for (;;) {
    ssize_t got = pread(spool, window + have, sizeof window - have, offset);
    if (got < 0) err(1, "read");
    have += got;
    offset += got;
    if (message < 0) {
      if (have == 0 || from >= to) return;
      message = create_message(cur, part, ++number);
      begin = scanned = behind_line(0, have);
    }
    for (char *hit; (hit = memmem(window + scanned, have - scanned, NEEDLE, NEEDLE_LENGTH)) != NULL;) {
      size_t end = hit - window + 1;
      off_t next = offset - (off_t)(have - end) + 1;
      /* A From_ line that is not whole waits for the rest of it. */
      if (memchr(hit + 2, '\n', window + have - hit - 2) == NULL && got > 0) break;
      write_all(message, window + begin, end - begin);
      close_message(message, number);
      if (next >= to) {
        last = 1;
        break;
      }
      message = create_message(cur, part, ++number);
      begin = scanned = behind_line(end + 1, have);
    }
    if (last) return;
    if (got == 0) {
      write_all(message, window + begin, have - begin);
      close_message(message, number);
      return;
    }
    /* What may be the beginning of a separator stays; the rest goes to where it belongs. */
    char *open = memmem(window + scanned, have - scanned, NEEDLE, NEEDLE_LENGTH);
    size_t keep = open != NULL ? (size_t)(open - window) : have - scanned < NEEDLE_LENGTH ? scanned : have - NEEDLE_LENGTH + 1;
    if (keep < begin) keep = begin;
    write_all(message, window + begin, keep - begin);
    memmove(window, window + keep, have - keep);
    have -= keep;
    begin = scanned = 0;
  }
}

/* The first From_ line at or behind `from`. */
static off_t next_separator(int spool, off_t from, off_t size) {
  for (off_t at = from; at < size; at += WINDOW - NEEDLE_LENGTH) {
    ssize_t got = pread(spool, window, WINDOW, at);
    if (got <= 0) break;
    char *hit = memmem(window, got, NEEDLE, NEEDLE_LENGTH);
    if (hit != NULL) return at + (hit - window) + 2;
  }
  return size;
}

static int make_folder(const char *target, const char *spool) {
  char path[4096];
  const char *name = strrchr(spool, '/');
  int length = snprintf(path, sizeof path, "%s/.%s", target, name == NULL ? spool : name + 1);
  mkdir(path, 0700);
  static const char *parts[] = {"new", "tmp", "cur"};
  for (int i = 0; i < 3; i++) {
    snprintf(path + length, sizeof path - length, "/%s", parts[i]);
    mkdir(path, 0700);
  }
  int cur = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (cur < 0) err(1, "%s", path);
  return cur;
}

/* A spool, or the first or second half of it. */
static void convert_spool(const char *target, const char *path, int part, int halves) {
  int spool = open(path, O_RDONLY | O_CLOEXEC);
  struct stat is;
  if (spool < 0 || fstat(spool, &is) != 0) err(1, "%s", path);
  off_t middle = halves ? next_separator(spool, is.st_size / 2, is.st_size) : is.st_size;
  int cur = make_folder(target, path);
  if (part == 0) convert(spool, 0, middle, cur, part);
  else convert(spool, halves ? middle : 0, is.st_size, cur, part);
  close(cur);
  close(spool);
}

int main(int argc, char **argv) {
  if (argc < 3) errx(64, "usage: floor TARGET SPOOL...");
  mkdir(argv[1], 0700);
  int halves = argc == 3;
  pid_t child = fork();
  if (child < 0) err(1, "fork");
  int part = child == 0;
  for (int i = 2; i < argc; i++)
    if (halves || i % 2 == part) convert_spool(argv[1], argv[i], part, halves);
  if (child == 0) return 0;
  int status;
  if (wait(&status) != child || status != 0) errx(1, "one half failed");
  return 0;
}
