/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black trees after Cormen, Leiserson, Rivest, Stein: Introduction to
 * Algorithms, chapter 13. Left and right are child 0 and 1, so that each case
 * stands here once: `dir` is the side, `!dir` the other one. Where the book
 * has a sentinel, NULL is a black leaf and its parent is carried along.
 */
#include "lib/rbtree.h"

#define RB_BLACK 1UL

static bool is_red(const struct rb_node *n)
{
	return n && !(n->rb_parent_color & RB_BLACK);
}

static void set_red(struct rb_node *n)
{
	n->rb_parent_color &= ~RB_BLACK;
}

static void set_black(struct rb_node *n)
{
	n->rb_parent_color |= RB_BLACK;
}

static void copy_color(struct rb_node *n, const struct rb_node *from)
{
	n->rb_parent_color = (n->rb_parent_color & ~RB_BLACK) |
			     (from->rb_parent_color & RB_BLACK);
}

static void set_parent(struct rb_node *n, const struct rb_node *parent)
{
	n->rb_parent_color = (unsigned long)parent |
			     (n->rb_parent_color & RB_BLACK);
}

/* Makes parent (NULL: the root) point to n where it pointed to old. */
static void change_child(struct rb_root *root, struct rb_node *parent,
			 const struct rb_node *old, struct rb_node *n)
{
	if (parent)
		parent->rb_child[parent->rb_child[1] == old] = n;
	else
		WRITE_ONCE(root->rb_node, n);
}

/* Turns the edge between n and its child on the other side: n sinks to dir. */
static void rotate(struct rb_root *root, struct rb_node *n, int dir)
{
	struct rb_node *up = n->rb_child[!dir];
	struct rb_node *inner = up->rb_child[dir];

	n->rb_child[!dir] = inner;
	if (inner)
		set_parent(inner, n);
	change_child(root, rb_parent(n), n, up);
	set_parent(up, rb_parent(n));
	up->rb_child[dir] = n;
	set_parent(n, up);
}

/* RB-INSERT-FIXUP: n is red, and its parent may be red too. */
void rb_insert_color(struct rb_node *n, struct rb_root *root)
{
	struct rb_node *parent, *grand, *uncle;
	int dir;

	while (is_red(parent = rb_parent(n))) {
		grand = rb_parent(parent);	/* a red node is not the root */
		dir = grand->rb_right == parent;
		uncle = grand->rb_child[!dir];
		if (is_red(uncle)) {
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			n = grand;
			continue;
		}
		if (parent->rb_child[!dir] == n) {
			rotate(root, parent, dir);
			parent = n;
		}
		set_black(parent);
		set_red(grand);
		rotate(root, grand, !dir);
		break;
	}
	set_black(root->rb_node);
}

/*
 * RB-DELETE-FIXUP: the paths through n (perhaps NULL), a child of parent,
 * have one black node less than they should.
 */
static void erase_fixup(struct rb_root *root, struct rb_node *n,
			struct rb_node *parent)
{
	struct rb_node *sibling;
	int dir;

	while (parent && !is_red(n)) {
		dir = parent->rb_right == n;
		sibling = parent->rb_child[!dir];
		if (is_red(sibling)) {
			set_black(sibling);
			set_red(parent);
			rotate(root, parent, dir);
			sibling = parent->rb_child[!dir];
		}
		if (!is_red(sibling->rb_left) && !is_red(sibling->rb_right)) {
			set_red(sibling);
			n = parent;
			parent = rb_parent(n);
			continue;
		}
		if (!is_red(sibling->rb_child[!dir])) {
			set_black(sibling->rb_child[dir]);
			set_red(sibling);
			rotate(root, sibling, !dir);
			sibling = parent->rb_child[!dir];
		}
		copy_color(sibling, parent);
		set_black(parent);
		set_black(sibling->rb_child[!dir]);
		rotate(root, parent, dir);
		return;
	}
	if (n)
		set_black(n);
}

static struct rb_node *outermost(struct rb_node *n, int dir)
{
	while (n && n->rb_child[dir])
		n = n->rb_child[dir];
	return n;
}

/*
 * Takes out a node with two children: its successor, which has no left child,
 * leaves its own place and takes over the node's, with the colour.
 */
static void erase_inner(struct rb_node *n, struct rb_root *root)
{
	struct rb_node *heir = outermost(n->rb_right, 0);
	struct rb_node *child = heir->rb_right;
	struct rb_node *parent = rb_parent(heir);
	bool was_red = is_red(heir);

	if (parent == n) {
		parent = heir;
	} else {
		parent->rb_left = child;
		if (child)
			set_parent(child, parent);
		heir->rb_right = n->rb_right;
		set_parent(heir->rb_right, heir);
	}
	heir->rb_left = n->rb_left;
	set_parent(heir->rb_left, heir);
	heir->rb_parent_color = n->rb_parent_color;
	change_child(root, rb_parent(n), n, heir);
	if (!was_red)
		erase_fixup(root, child, parent);
}

/* RB-DELETE. The node's own links keep their old values. */
void rb_erase(struct rb_node *n, struct rb_root *root)
{
	struct rb_node *parent = rb_parent(n);
	struct rb_node *child;

	if (n->rb_left && n->rb_right) {
		erase_inner(n, root);
		return;
	}
	child = n->rb_left ? n->rb_left : n->rb_right;
	change_child(root, parent, n, child);
	if (child)
		set_parent(child, parent);
	if (!is_red(n))
		erase_fixup(root, child, parent);
}

void rb_replace_node(struct rb_node *victim, struct rb_node *n,
		     struct rb_root *root)
{
	*n = *victim;
	if (n->rb_left)
		set_parent(n->rb_left, n);
	if (n->rb_right)
		set_parent(n->rb_right, n);
	change_child(root, rb_parent(victim), victim, n);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->rb_node, 0);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->rb_node, 1);
}

/* The neighbour on side dir: in the subtree there, or the first ancestor. */
static struct rb_node *neighbour(const struct rb_node *n, int dir)
{
	struct rb_node *parent;

	if (n->rb_child[dir])
		return outermost(n->rb_child[dir], !dir);
	while ((parent = rb_parent(n)) && parent->rb_child[dir] == n)
		n = parent;
	return parent;
}

struct rb_node *rb_next(const struct rb_node *n)
{
	return neighbour(n, 1);
}

struct rb_node *rb_prev(const struct rb_node *n)
{
	return neighbour(n, 0);
}

/* The leaf that a walk of the left side first, then the right, meets first. */
static struct rb_node *deepest_first(struct rb_node *n)
{
	while (n && (n->rb_left || n->rb_right))
		n = n->rb_left ? n->rb_left : n->rb_right;
	return n;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return deepest_first(root->rb_node);
}

struct rb_node *rb_next_postorder(const struct rb_node *n)
{
	struct rb_node *parent = rb_parent(n);

	if (parent && n == parent->rb_left && parent->rb_right)
		return deepest_first(parent->rb_right);
	return parent;
}
