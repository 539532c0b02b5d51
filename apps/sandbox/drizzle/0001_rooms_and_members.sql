CREATE TABLE "message" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "message_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"room_id" integer NOT NULL,
	"seq" integer NOT NULL,
	"version" integer NOT NULL,
	"user_id" text,
	"content" text NOT NULL,
	"client_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"edited_at" timestamp with time zone,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "message_place" UNIQUE("room_id","seq")
);
--> statement-breakpoint
CREATE TABLE "room" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "room_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"name" varchar(100),
	"direct_key" text,
	"version" integer DEFAULT 0 NOT NULL,
	"last_seq" integer DEFAULT 0 NOT NULL,
	"member_count" integer DEFAULT 0 NOT NULL,
	"last_message_id" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"bumped_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "room_direct_key_unique" UNIQUE("direct_key"),
	CONSTRAINT "room_kind" CHECK ("room"."kind" in ('public', 'private', 'direct')),
	CONSTRAINT "room_direct" CHECK (("room"."kind" = 'direct') = ("room"."name" is null)),
	CONSTRAINT "room_direct_key" CHECK (("room"."kind" = 'direct') = ("room"."direct_key" is not null))
);
--> statement-breakpoint
CREATE TABLE "room_member" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "room_member_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"room_id" integer NOT NULL,
	"user_id" text NOT NULL,
	"joined_at" timestamp with time zone DEFAULT now() NOT NULL,
	"joined_version" integer NOT NULL,
	"read_seq" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "room_member_once" UNIQUE("room_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "message" ADD CONSTRAINT "message_room_id_room_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."room"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message" ADD CONSTRAINT "message_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "room" ADD CONSTRAINT "room_last_message_id_message_id_fk" FOREIGN KEY ("last_message_id") REFERENCES "public"."message"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "room_member" ADD CONSTRAINT "room_member_room_id_room_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."room"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "room_member" ADD CONSTRAINT "room_member_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "message_client_id" ON "message" USING btree ("user_id","client_id") WHERE "message"."client_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "room_name" ON "room" USING btree (lower("name")) WHERE "room"."kind" <> 'direct';--> statement-breakpoint
CREATE INDEX "room_member_user_id" ON "room_member" USING btree ("user_id");