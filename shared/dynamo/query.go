package dynamo

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Query makes one call per page: half a read unit per 4 KB of what it passes, expired items among it.
func (s *Store) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if err := table.ValidateQuery(q); err != nil {
		return table.Page{}, err
	}
	in, ok, err := s.queryInput(q)
	if err != nil || !ok {
		return table.Page{}, err
	}
	out, err := s.client.Query(ctx, in)
	if err != nil {
		return table.Page{}, translate(err)
	}
	s.read("Query", one(out.ConsumedCapacity)...)
	now := s.now()
	var page table.Page
	for _, row := range out.Items {
		it, err := decode(q.Table, row)
		if err != nil {
			return table.Page{}, err
		}
		if !it.Expired(now) && asked(q, it.Key.Sort) {
			page.Items = append(page.Items, it)
		}
	}
	if last, ok := out.LastEvaluatedKey[attrSort].(*types.AttributeValueMemberS); ok {
		page.Next = encodeCursor(q.Partition, last.Value)
	}
	return page, nil
}

// queryInput is false for a range that holds nothing.
func (s *Store) queryInput(q table.Query) (*dynamodb.QueryInput, bool, error) {
	physical, err := s.physical(q.Table)
	if err != nil {
		return nil, false, err
	}
	from, to, ok := bounds(q)
	if !ok {
		return nil, false, nil
	}
	in := &dynamodb.QueryInput{
		TableName:                 physical,
		ScanIndexForward:          aws.Bool(!q.Descending),
		ConsistentRead:            &q.Strong,
		ReturnConsumedCapacity:    s.wanted(),
		ExpressionAttributeValues: attributes{":pk": text(q.Partition)},
	}
	condition := "pk = :pk"
	switch {
	case from != "" && to != "":
		condition += " AND sk BETWEEN :from AND :to"
	case from != "":
		condition += " AND sk >= :from"
	case to != "":
		condition += " AND sk <= :to"
	}
	in.KeyConditionExpression = &condition
	if from != "" {
		in.ExpressionAttributeValues[":from"] = text(from)
	}
	if to != "" {
		in.ExpressionAttributeValues[":to"] = text(to)
	}
	if q.Limit > 0 {
		in.Limit = aws.Int32(int32(min(q.Limit, 1<<20)))
	}
	if q.Cursor != "" {
		last, err := decodeCursor(q.Cursor, q.Partition, from, to)
		if err != nil {
			return nil, false, err
		}
		in.ExclusiveStartKey = keyOf(table.Key{Partition: q.Partition, Sort: last})
	}
	return in, true, nil
}

// bounds is one inclusive range that holds every sort key that q asks for, and perhaps a few more (see asked); "" is no bound. It is false when there
// is no such key. DynamoDB refuses bounds that could be no key and a range turned round.
func bounds(q table.Query) (from, to string, ok bool) {
	from = max(q.From, q.Prefix)
	to = q.To
	if end := beyond(q.Prefix); end != "" && (to == "" || end < to) {
		to = end
	}
	if to != "" && from > to {
		return "", "", false
	}
	if len(from) > table.MaxSortBytes || !utf8.ValidString(from) {
		from = cut(from)
	}
	if len(to) > table.MaxSortBytes || !utf8.ValidString(to) {
		to = beyond(cut(to))
	}
	return from, to, true
}

// asked says whether q asks for the sort key.
func asked(q table.Query, sort string) bool {
	return strings.HasPrefix(sort, q.Prefix) && sort >= q.From && (q.To == "" || sort <= q.To)
}

// cut is the longest beginning of s that is text and leaves room for a last character that grows in beyond.
func cut(s string) string {
	end := 0
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if r == utf8.RuneError && size == 1 || end+size > table.MaxSortBytes-utf8.UTFMax {
			break
		}
		end += size
	}
	return s[:end]
}

// beyond is the first string after all that begin with the prefix, or with as much of it as is text; "" when there is none.
func beyond(prefix string) string {
	for prefix != "" {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		if r < utf8.MaxRune && !(r == utf8.RuneError && size == 1) {
			if r++; r == 0xD800 { // what lies between is no text
				r = 0xE000
			}
			return prefix + string(r)
		}
	}
	return ""
}

// A cursor is the last sort key behind a checksum of the whole position: one of another partition, or a mangled one, is noticed. It has one spelling.
func encodeCursor(partition, sort string) string {
	return base64.RawURLEncoding.EncodeToString(append(checksum(partition, sort), sort...))
}

func checksum(partition, sort string) []byte {
	sum := crc32.ChecksumIEEE([]byte(partition + "\x00" + sort))
	return binary.BigEndian.AppendUint32(nil, sum)
}

// decodeCursor refuses a position outside the range: DynamoDB would, with a worse error.
func decodeCursor(cursor, partition, from, to string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil && len(b) > crc32.Size {
		last := string(b[crc32.Size:])
		if encodeCursor(partition, last) == cursor && last >= from && (to == "" || last <= to) {
			return last, nil
		}
	}
	return "", fault.InvalidField("cursor", "is not one that this query gave")
}
