"""A type of service check: a mail that is sent by SMTP arrives by IMAP."""
