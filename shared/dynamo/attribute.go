package dynamo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// The attributes that are not members of the body.
const (
	attrPartition = "pk"
	attrSort      = "sk"
	attrVersion   = "ver"
	attrExpires   = "ttl"
)

type attributes = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

func seconds(t time.Time) types.AttributeValue { return number(strconv.FormatInt(t.Unix(), 10)) }

func keyOf(k table.Key) attributes {
	return attributes{attrPartition: text(k.Partition), attrSort: text(k.Sort)}
}

// mark is twelve digits, the last no zero (DynamoDB drops those).
func mark() string { return fmt.Sprintf("%011d%d", rand.Uint64N(1e11), 1+rand.Uint64N(9)) }

// stamp is what attrVersion holds: the version, a point, a mark.
func stamp(version int64) string { return strconv.FormatInt(version, 10) + "." + mark() }

// encode expects a canonical body.
func encode(it table.Item, stamp string) (attributes, error) {
	var body map[string]any
	d := json.NewDecoder(bytes.NewReader(it.Body))
	d.UseNumber()
	if err := d.Decode(&body); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the body is not a JSON object")
	}
	attrs := make(attributes, len(body)+4)
	for name, v := range body {
		attrs[name] = encodeValue(v)
	}
	attrs[attrPartition] = text(it.Key.Partition)
	attrs[attrSort] = text(it.Key.Sort)
	attrs[attrVersion] = number(stamp)
	if !it.Expires.IsZero() {
		attrs[attrExpires] = seconds(it.Expires)
	}
	return attrs, nil
}

func encodeValue(v any) types.AttributeValue {
	switch v := v.(type) {
	case string:
		return text(v)
	case json.Number:
		return number(v.String())
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case []any:
		list := make([]types.AttributeValue, len(v))
		for i, e := range v {
			list[i] = encodeValue(e)
		}
		return &types.AttributeValueMemberL{Value: list}
	case map[string]any:
		m := make(attributes, len(v))
		for name, e := range v {
			m[name] = encodeValue(e)
		}
		return &types.AttributeValueMemberM{Value: m}
	default: // nil is all that is left of what encoding/json makes
		return &types.AttributeValueMemberNULL{Value: true}
	}
}

// decode is Internal for an item that this package did not write.
func decode(name table.Name, attrs attributes) (table.Item, error) {
	it, err := decodeItem(name, attrs)
	if err != nil {
		return table.Item{}, fault.Wrap(fault.Internal, err, "a stored item cannot be read")
	}
	return it, nil
}

func decodeItem(name table.Name, attrs attributes) (table.Item, error) {
	it := table.Item{}
	var err error
	if it.Key, err = decodeKey(name, attrs); err != nil {
		return it, err
	}
	if it.Version, err = decodeVersion(attrs); err != nil {
		return it, err
	}
	if ttl, ok := attrs[attrExpires]; ok {
		sec, err := decodeInt(ttl)
		if err != nil {
			return it, fmt.Errorf("attribute ttl: %w", err)
		}
		it.Expires = time.Unix(sec, 0).UTC()
	}
	raw, err := appendObject(nil, attrs, true)
	if err != nil {
		return it, err
	}
	it.Body, err = table.Canonical(raw)
	return it, err
}

func decodeKey(name table.Name, attrs attributes) (table.Key, error) {
	pk, ok := attrs[attrPartition].(*types.AttributeValueMemberS)
	sk, ok2 := attrs[attrSort].(*types.AttributeValueMemberS)
	if !ok || !ok2 {
		return table.Key{}, fmt.Errorf("pk or sk is not a string")
	}
	return table.Key{Table: name, Partition: pk.Value, Sort: sk.Value}, nil
}

func decodeVersion(attrs attributes) (int64, error) {
	n, ok := attrs[attrVersion].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("ver is not a number")
	}
	whole, _, _ := strings.Cut(n.Value, ".")
	v, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("attribute ver: %w", err)
	}
	return v, nil
}

func decodeInt(v types.AttributeValue) (int64, error) {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("is not a number")
	}
	return strconv.ParseInt(n.Value, 10, 64)
}

// appendObject appends attrs as JSON, in any order; of a whole item (top) only the body's members.
func appendObject(dst []byte, attrs attributes, top bool) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	var err error
	for name, v := range attrs {
		if top && (name == attrPartition || name == attrSort || name == attrVersion || name == attrExpires) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendText(dst, name), ':')
		if dst, err = appendValue(dst, v); err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
	}
	return append(dst, '}'), nil
}

func appendValue(dst []byte, v types.AttributeValue) ([]byte, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return appendText(dst, v.Value), nil
	case *types.AttributeValueMemberN:
		if v.Value == "" || strings.Trim(v.Value, "+-.0123456789Ee") != "" {
			return nil, fmt.Errorf("%q is not a number", v.Value)
		}
		return append(dst, v.Value...), nil // Canonical refuses the rest
	case *types.AttributeValueMemberBOOL:
		return strconv.AppendBool(dst, v.Value), nil
	case *types.AttributeValueMemberNULL:
		return append(dst, "null"...), nil
	case *types.AttributeValueMemberM:
		return appendObject(dst, v.Value, false)
	case *types.AttributeValueMemberL:
		dst = append(dst, '[')
		var err error
		for i, e := range v.Value {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendValue(dst, e); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	default:
		return nil, fmt.Errorf("type %T has no JSON form here", v)
	}
}

func appendText(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch b := s[i]; {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b < ' ':
			dst = append(dst, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}
