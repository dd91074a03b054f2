/* fuzz_codec.c - whatever arrives on the bus, unpacked within a quota. The first byte chooses the message. */
#include "broker/lib/arena.h"
#include "bus.pb-c.h"
#include "envelope.pb-c.h"
#include "parsing.pb-c.h"
#include "proto/codec.h"
#include "proto/rows.h"
#include <assert.h>
#include <string.h>

#define QUOTA (64u << 20) /* bytes that unpacking one message may take */

/* Bodies by name; the two frames of the bus come first. */
static const char *const NAMES[] = {
    "AcceptRepair",
    "Action",
    "AddTemplate",
    "BadRowsExcluded",
    "BatchCancelled",
    "BatchCompleted",
    "BatchCreated",
    "BatchFailed",
    "BatchList",
    "BatchView",
    "BeginUpload",
    "BlobRange",
    "CancelBatch",
    "Candidate",
    "CandidatesFound",
    "CandidatesRequested",
    "CheckFinished",
    "CheckRequested",
    "ChoiceList",
    "ColumnChoice",
    "ColumnGroup",
    "ColumnMapping",
    "Condition",
    "Correction",
    "CorrectionMade",
    "CorrectionRule",
    "CorrectionView",
    "CorrectionsFinished",
    "CorrectionsReceived",
    "CorrectionsRequested",
    "CreateBatch",
    "DeclareDirectory",
    "Dialect",
    "DirectoryDeclared",
    "DirectoryView",
    "DiscrepanciesOpened",
    "DiscrepancyList",
    "DiscrepancyResolved",
    "DiscrepancyView",
    "EntriesAccepted",
    "EntriesChecked",
    "EntriesExported",
    "EntriesMatched",
    "EntriesRead",
    "EntryQuestion",
    "Evidence",
    "ExcludeBadRows",
    "Explain",
    "ExportQueued",
    "ExportStarted",
    "Field",
    "FileReceived",
    "FileRecognised",
    "FileView",
    "FindRecords",
    "FinishCorrections",
    "FinishUpload",
    "GenerateRejected",
    "GenerateTemplate",
    "GetRecord",
    "Kind",
    "ListBatches",
    "ListChoices",
    "ListDiscrepancies",
    "ListNotices",
    "ListRemarks",
    "ListRowFaults",
    "ListRules",
    "ListTemplates",
    "ListValues",
    "ListWrongValues",
    "LookUpRecords",
    "LookUpResult",
    "MakeCorrection",
    "MatchingFinished",
    "MatchingSettings",
    "MatchingStarted",
    "Notice",
    "NoticeFailed",
    "NoticeList",
    "NoticeQueued",
    "NoticeSent",
    "Option",
    "Period",
    "PutRange",
    "ReadBlob",
    "ReadingFinished",
    "RecheckFinished",
    "RecheckRequested",
    "Record",
    "RecordList",
    "RecordsChanged",
    "Reference",
    "Related",
    "Remark",
    "RemarksFound",
    "RepairAccepted",
    "ResolveDiscrepancy",
    "RetryNotice",
    "RowFault",
    "RowFaultList",
    "RowNote",
    "Rows",
    "RowsCorrected",
    "Rule",
    "RuleLearned",
    "RuleList",
    "RuleSwitched",
    "RuleUse",
    "RulesApplied",
    "ScanRecords",
    "ShowBatch",
    "ShowDirectory",
    "ShowDiscrepancy",
    "ShowTemplate",
    "Subject",
    "Suggestion",
    "SwitchRule",
    "Template",
    "TemplateAdded",
    "TemplateList",
    "TemplateView",
    "UploadView",
    "ValueList",
    "VerificationFinished",
    "WrongValue",
    "WrongValueGroup",
    "WrongValueList",
    "WrongValuesFound",
};

static const ProtobufCMessageDescriptor *
choose(uint8_t which, size_t *size_max)
{
    *size_max = which < 3 ? MST_CONTROL_SIZE_MAX : MST_BODY_SIZE_MAX;
    if (which == 0)
        return &muster__v1__bus_request__descriptor;
    if (which == 1)
        return &muster__v1__bus_reply__descriptor;
    if (which == 2)
        return &muster__v1__envelope__descriptor;
    const ProtobufCMessageDescriptor *found = mst_codec_find(NAMES[(which - 3u) % (sizeof NAMES / sizeof NAMES[0])]);
    assert(found != NULL);
    return found;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t size_max;
    const ProtobufCMessageDescriptor *descriptor = choose(data[0], &size_max);
    mst_arena *arena = mst_arena_new(QUOTA);
    ProtobufCMessage *message = mst_unpack(descriptor, data + 1, size - 1, size_max, mst_arena_allocator(arena));
    if (message != NULL) {
        // What was taken can be sent on and taken again, with nothing lost.
        mst_arena *second = mst_arena_new(0);
        mst_slice packed = mst_arena_pack(second, message);
        assert(packed.size == size - 1 && memcmp(packed.data, data + 1, packed.size) == 0);
        assert(mst_unpack(descriptor, packed.data, packed.size, size_max, mst_arena_allocator(second)) != NULL);
        if (descriptor == &muster__v1__entries_read__descriptor) {
            const Muster__V1__Rows *rows = ((const Muster__V1__EntriesRead *)message)->rows;
            size_t total = 0, cell_size;
            for (uint32_t row = 0; rows != NULL && mst_rows_ok(rows) && row < rows->rows && rows->columns > 0; row++)
                for (uint32_t column = 0; column < rows->columns; column++) {
                    mst_rows_cell(rows, row, column, &cell_size);
                    total += cell_size;
                }
            assert(total <= size);
        }
        mst_arena_destroy(&second);
    }
    mst_arena_destroy(&arena);
    return 0;
}
