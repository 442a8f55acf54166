/*
 * A NETCONF client made with libnetconf2's client side.
 *
 *   ncclient YANG_DIR HOST PORT USER PUBLIC_KEY_FILE PRIVATE_KEY_FILE
 *   ncclient YANG_DIR FD_IN FD_OUT      over descriptors on which a server says hello
 *
 * Logs in, locks the candidate, edits, validates, commits and unlocks, and reads the running configuration; prints one line for each
 * step, `error TAG` for one that is refused, and ends with 0 if every reply could be read.
 */
#define NC_ENABLED_SSH
#include <libyang/libyang.h>
#include <nc_client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int host_key(const char *host, ssh_session session, void *data)
{
    (void)host, (void)session, (void)data;
    return 0;
}

static int ask(struct nc_session *session, const char *name, struct nc_rpc *rpc)
{
    struct lyd_node *envelope = NULL, *operation = NULL, *tag;
    uint64_t id;
    NC_MSG_TYPE type;
    int end = 0;

    if (!rpc || nc_send_rpc(session, rpc, 1000, &id) != NC_MSG_RPC) {
        printf("%s not sent\n", name);
        return 1;
    }
    do {
        type = nc_recv_reply(session, rpc, id, 30000, &envelope, &operation);
    } while (type == NC_MSG_NOTIF);
    if (type != NC_MSG_REPLY) {
        printf("%s no reply\n", name);
        end = 1;
    } else if (operation) {
        char *text = NULL;
        lyd_print_mem(&text, operation, LYD_XML, LYD_PRINT_WITHSIBLINGS);
        printf("%s data %s\n", name, text ? text : "");
        free(text);
    } else if (!lyd_find_path(envelope, "/ietf-netconf:rpc-reply", 0, NULL) || lyd_child(envelope)) {
        tag = lyd_child(envelope);
        printf("%s %s\n", name, tag ? LYD_NAME(tag) : "empty");
    }
    lyd_free_all(envelope);
    lyd_free_all(operation);
    nc_rpc_free(rpc);
    return end;
}

#define CONFIG(name) \
    "<configuration xmlns=\"http://xml.juniper.net/xnm/1.1/xnm\"><system><host-name>" name "</host-name></system></configuration>"

static struct nc_session *log_in(char **argv)
{
    nc_client_ssh_set_auth_hostkey_check_clb(host_key, NULL);
    nc_client_ssh_set_username(argv[4]);
    nc_client_ssh_set_auth_pref(NC_SSH_AUTH_PUBLICKEY, 10);
    nc_client_ssh_set_auth_pref(NC_SSH_AUTH_PASSWORD, -1);
    nc_client_ssh_set_auth_pref(NC_SSH_AUTH_INTERACTIVE, -1);
    if (nc_client_ssh_add_keypair(argv[5], argv[6])) {
        return NULL;
    }
    return nc_connect_ssh(argv[2], (uint16_t)atoi(argv[3]), NULL);
}

int main(int argc, char **argv)
{
    struct nc_session *session;
    int end = 0;

    if (argc != 7 && argc != 4) {
        fprintf(stderr, "usage: ncclient YANG_DIR (HOST PORT USER PUBLIC_KEY_FILE PRIVATE_KEY_FILE | FD_IN FD_OUT)\n");
        return 2;
    }
    nc_client_init();
    nc_client_set_schema_searchpath(argv[1]);
    session = argc == 4 ? nc_connect_inout(atoi(argv[2]), atoi(argv[3]), NULL) : log_in(argv);
    if (!session) {
        return 1;
    }
    printf("session %u base:1.%d\n", nc_session_get_id(session), nc_session_get_version(session) != 0);
    end |= ask(session, "lock", nc_rpc_lock(NC_DATASTORE_CANDIDATE));
    end |= ask(session, "edit", nc_rpc_edit(NC_DATASTORE_CANDIDATE, NC_RPC_EDIT_DFLTOP_MERGE, NC_RPC_EDIT_TESTOPT_SET,
            NC_RPC_EDIT_ERROPT_ROLLBACK, CONFIG("edge-20"), NC_PARAMTYPE_CONST));
    end |= ask(session, "validate", nc_rpc_validate(NC_DATASTORE_CANDIDATE, NULL, NC_PARAMTYPE_CONST));
    end |= ask(session, "commit", nc_rpc_commit(0, 0, NULL, NULL, NC_PARAMTYPE_CONST));
    end |= ask(session, "unlock", nc_rpc_unlock(NC_DATASTORE_CANDIDATE));
    end |= ask(session, "get-config", nc_rpc_getconfig(NC_DATASTORE_RUNNING, NULL, NC_WD_UNKNOWN, NC_PARAMTYPE_CONST));
    end |= ask(session, "refused", nc_rpc_unlock(NC_DATASTORE_CANDIDATE));
    nc_session_free(session, NULL);
    nc_client_destroy();
    return end;
}
