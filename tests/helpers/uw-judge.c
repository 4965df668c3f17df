/*
 * Opens a mailbox with UW c-client and prints what an IMAP server built on it would have told a client.
 *
 * usage: uw-judge ro|rw NAME     (NAME is relative to HOME, which must be the current folder)
 *
 * Output, in order: "log LEVEL TEXT" lines as they come; "mailbox UIDVALIDITY LAST-UID MESSAGES"; "keyword NAME" lines;
 * then for each message "message UID FLAGS DATE SIZE LENGTH KEYWORD..." followed by LENGTH bytes and a newline. FLAGS is
 * a string of the letters s, a, f, d, t, or "-"; DATE is year,month,day,hour,minute,second,minutes-east-of-UTC.
 */
#include <stdio.h>
#include <string.h>
#include "c-client.h"

static void say (char *kind, char *text) {
  printf ("%s ", kind);
  for (; *text; text++) putchar (*text < ' ' ? ' ' : *text);
  putchar ('\n');
}

void mm_log (char *text, long level) { say (level == WARN ? "log warn" : level == ERROR ? "log error" : "log note", text); }
void mm_fatal (char *text) { say ("log fatal", text); fflush (stdout); }
void mm_dlog (char *text) { (void) text; }
void mm_notify (MAILSTREAM *s, char *text, long level) { (void) s; mm_log (text, level); }
void mm_searched (MAILSTREAM *s, unsigned long n) { (void) s; (void) n; }
void mm_exists (MAILSTREAM *s, unsigned long n) { (void) s; (void) n; }
void mm_expunged (MAILSTREAM *s, unsigned long n) { (void) s; (void) n; }
void mm_flags (MAILSTREAM *s, unsigned long n) { (void) s; (void) n; }
void mm_list (MAILSTREAM *s, int d, char *n, long a) { (void) s; (void) d; (void) n; (void) a; }
void mm_lsub (MAILSTREAM *s, int d, char *n, long a) { (void) s; (void) d; (void) n; (void) a; }
void mm_status (MAILSTREAM *s, char *n, MAILSTATUS *t) { (void) s; (void) n; (void) t; }
void mm_login (NETMBX *m, char *u, char *p, long t) { (void) m; (void) t; *u = *p = '\0'; }
void mm_critical (MAILSTREAM *s) { (void) s; }
void mm_nocritical (MAILSTREAM *s) { (void) s; }
long mm_diskerror (MAILSTREAM *s, long e, long x) { (void) s; (void) e; (void) x; return 1; }

static void message (MAILSTREAM *stream, unsigned long n) {
  unsigned long headerLength, textLength, i;
  MESSAGECACHE *elt;
  char *bytes = mail_fetch_header (stream, n, NIL, NIL, &headerLength, FT_PEEK);
  char *header = memcpy (fs_get (headerLength + 1), bytes, headerLength);
  bytes = mail_fetch_text (stream, n, NIL, &textLength, FT_PEEK);
  elt = mail_elt (stream, n);
  printf ("message %lu ", mail_uid (stream, n));
  if (elt->seen) putchar ('s');
  if (elt->answered) putchar ('a');
  if (elt->flagged) putchar ('f');
  if (elt->deleted) putchar ('d');
  if (elt->draft) putchar ('t');
  printf ("- %d,%d,%d,%d,%d,%d,%d", elt->year + BASEYEAR, elt->month, elt->day, elt->hours, elt->minutes,
          elt->seconds, (elt->zoccident ? -1 : 1) * (elt->zhours * 60 + elt->zminutes));
  printf (" %lu %lu", elt->rfc822_size, headerLength + textLength);
  for (i = 0; i < NUSERFLAGS; i++)
    if ((elt->user_flags & (1UL << i)) && stream->user_flags[i]) printf (" %s", stream->user_flags[i]);
  putchar ('\n');
  fwrite (header, 1, headerLength, stdout);
  fwrite (bytes, 1, textLength, stdout);
  putchar ('\n');
  fs_give ((void **) &header);
}

int main (int argc, char **argv) {
  MAILSTREAM *stream;
  unsigned long i;
#include "linkage.c"
  if (argc != 3) return 2;
  stream = mail_open (NIL, argv[2], strcmp (argv[1], "rw") ? OP_READONLY : NIL);
  if (!stream) return 1;
  if (strcmp (stream->dtb->name, "unix")) {
    /* To the "phile" driver every other file is one message: its text. */
    printf ("log error not an mbox: read by the driver %s\n", stream->dtb->name);
    return 1;
  }
  if (!strcmp (argv[1], "rw")) mail_ping (stream);
  printf ("mailbox %lu %lu %lu\n", stream->uid_validity, stream->uid_last, stream->nmsgs);
  for (i = 0; i < NUSERFLAGS; i++) if (stream->user_flags[i]) printf ("keyword %s\n", stream->user_flags[i]);
  for (i = 1; i <= stream->nmsgs; i++) message (stream, i);
  mail_close (stream);
  return 0;
}
