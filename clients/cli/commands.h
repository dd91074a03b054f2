/* commands.h - every command of the program, each defined in the file of its noun. */
#ifndef MUSTER_CLI_COMMANDS_H
#define MUSTER_CLI_COMMANDS_H

#include "cli.h"

extern const cli_command up_command, down_command, status_command, doctor_command;
extern const cli_command directory_declare_command, directory_import_command, directory_export_command,
    directory_show_command, directory_find_command, directory_history_command;
extern const cli_command template_list_command, template_show_command, template_check_command, template_add_command,
    template_generate_command;
extern const cli_command read_command;
extern const cli_command batch_create_command, batch_upload_command, batch_list_command, batch_show_command,
    batch_wait_command, batch_cancel_command, batch_errors_command, batch_fix_command, batch_rejected_command,
    batch_discrepancies_command, batch_resolve_command, batch_results_command, batch_log_command;
extern const cli_command rules_list_command, rules_off_command, rules_on_command;
extern const cli_command notices_list_command, notices_retry_command;
extern const cli_command events_command, parked_list_command, parked_release_command;
extern const cli_command key_new_command, key_authorise_command, key_revoke_command, key_list_command;
extern const cli_command log_verify_command, log_stats_command;

#endif
