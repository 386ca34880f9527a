package segment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"shopkeeper/shared/bus"
)

// publish tells the bus an entry's news.
func (k *Keeper) publish(ctx context.Context, e entry) error {
	if len(e.News) == 0 {
		return nil
	}
	notices := make([]bus.Notice, len(e.News))
	for i, n := range e.News {
		detail, err := json.Marshal(Moved{Segment: n.Segment, Subject: e.subject, At: n.At})
		if err != nil {
			return fmt.Errorf("encode notice: %w", err)
		}
		kind := LeftType
		if n.Entered {
			kind = EnteredType
		}
		notices[i] = bus.Notice{ID: noticeID(e, n, kind), Shop: string(e.shop), Type: kind, At: n.At, Detail: detail}
	}
	if err := k.bus.Publish(ctx, notices...); err != nil {
		return fmt.Errorf("tell where %s moved: %w", e.subject, err)
	}
	return nil
}

// noticeID is the same whenever the same move is told.
func noticeID(e entry, n news, kind string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d %d", e.shop, n.Segment, e.subject, kind, n.At.UnixNano(), n.After))
	return "seg-" + hex.EncodeToString(sum[:16])
}
