"""Mbox files to Maildirs by Python's own mailbox module: python-mailbox.py TARGET SPOOL..., into TARGET/.NAME each."""

import mailbox
import os
import sys

target = sys.argv[1]
os.makedirs(target, 0o700, exist_ok=True)
for spool in sys.argv[2:]:
    maildir = mailbox.Maildir(os.path.join(target, "." + os.path.basename(spool)))
    for message in mailbox.mbox(spool, create=False):
        maildir.add(message)
