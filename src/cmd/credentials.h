/* Access keys that a server accepts: from a file in the format of ~/.aws/credentials, or from the environment. Owns its memory. */
#ifndef CMD_CREDENTIALS_H
#define CMD_CREDENTIALS_H

#include "base/fault.h"
#include "net/sigv4.h"

enum { CMD_CREDENTIALS_MAX = 100 };

struct cmd_credentials {
    struct net_credential pairs[CMD_CREDENTIALS_MAX];
    size_t count;
    char *text; /* what pairs point into */
};

enum leat_code cmd_credentials_read(struct cmd_credentials *credentials, const char *path, struct leat_fault *fault) LEAT_MUST_USE;
/* Of text in the file's format, which is changed and must outlive the credentials. */
enum leat_code cmd_credentials_parse(struct cmd_credentials *credentials, char *text, struct leat_fault *fault) LEAT_MUST_USE;
/* LEAT_ACCESS_KEY and LEAT_SECRET_KEY, both or none. Absent: both NULL. Borrowed from the environment. */
enum leat_code cmd_credential_own(struct net_credential *out, struct leat_fault *fault) LEAT_MUST_USE;
/* The same; when there are none, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
enum leat_code cmd_credential_find(struct net_credential *out, struct leat_fault *fault) LEAT_MUST_USE;
void cmd_credentials_fini(struct cmd_credentials *credentials);

#endif
