/*
 * Runs a command and writes to the file RESULT, as JSON, what it took: seconds on the clock, CPU seconds, and the largest
 * resident set of any one of its processes (wait4(2)). The process that forks is this small one, so that no memory of the
 * bench is counted.
 *
 *   measure RESULT FLUSH COMMAND [ARGUMENT...]
 *
 * FLUSH is a directory: its file system is flushed behind the command (syncfs(2)), and that counts; "-" for none. The exit
 * status is the command's.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double since(const struct timespec *begin) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - begin->tv_sec) + (now.tv_nsec - begin->tv_nsec) / 1e9;
}

static double seconds(struct timeval time) { return time.tv_sec + time.tv_usec / 1e6; }

int main(int argc, char **argv) {
  if (argc < 4) errx(64, "usage: measure RESULT FLUSH COMMAND [ARGUMENT...]");
  struct timespec begin;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  pid_t child = fork();
  if (child < 0) err(1, "fork");
  if (child == 0) {
    execvp(argv[3], argv + 3);
    err(127, "%s", argv[3]);
  }
  int status;
  struct rusage used;
  if (wait4(child, &status, 0, &used) != child) err(1, "wait4");
  if (strcmp(argv[2], "-") != 0) {
    int dir = open(argv[2], O_RDONLY | O_DIRECTORY);
    if (dir < 0 || syncfs(dir) != 0) err(1, "flushing %s", argv[2]);
  }
  double took = since(&begin);
  FILE *result = fopen(argv[1], "w");
  if (result == NULL) err(1, "%s", argv[1]);
  fprintf(result, "{\"seconds\": %.6f, \"cpuSeconds\": %.6f, \"peakRss\": %ld}\n", took,
          seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss * 1024);
  if (fclose(result) != 0) err(1, "%s", argv[1]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
