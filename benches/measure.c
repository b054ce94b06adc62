/* Runs a command and writes its resource usage to a file: wall and CPU nanoseconds, peak KiB, exit status.
 *
 *   measure FILE COMMAND [ARGUMENT...]
 *
 * The kernel never reports a lower peak for a child than for its parent. A command started from Python would therefore
 * appear to use at least as much memory as Python. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long of(struct timeval time) { return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL; }

int main(int count, char **words) {
  if (count < 3) return 64;
  struct rusage usage;
  int status;
  long long begun = nanoseconds();
  pid_t child = fork();
  if (child < 0) return 65;
  if (child == 0) {
    execvp(words[2], words + 2);
    _exit(127);
  }
  if (wait4(child, &status, 0, &usage) < 0) return 66;
  long long wall = nanoseconds() - begun;
  FILE *file = fopen(words[1], "w");
  if (!file) return 67;
  fprintf(file, "%lld %lld %ld %d\n", wall, of(usage.ru_utime) + of(usage.ru_stime), usage.ru_maxrss,
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return fclose(file) ? 68 : 0;
}
