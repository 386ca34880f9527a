package segment

import (
	"context"
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
		notices[i] = bus.Notice{ID: "seg-" + n.Notice, Shop: string(e.shop), Type: kind, At: n.At, Detail: detail}
	}
	if err := k.bus.Publish(ctx, notices...); err != nil {
		return fmt.Errorf("tell where %s moved: %w", e.subject, err)
	}
	return nil
}
